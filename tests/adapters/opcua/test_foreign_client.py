"""node-opcua, which shares no code with the server, sees the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.node_ids import point_nodes
from gateway.model.points import SiteSpec
from gateway.model.quality import QUALITY, State
from gateway.model.update import Update
from tests.clients.node_client import NODE_FOLDER

MakeUpdate = Callable[..., Update]
VALUE = "ns=2;s=stack/I1/Value"


def _identifiers(tree: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in tree:
        found[entry["id"]] = entry["type"]
        found |= _identifiers(entry["children"])
    return found


def test_lock_file_is_exact_and_free_of_addresses() -> None:
    package = json.loads((NODE_FOLDER / "package.json").read_text())
    assert package["dependencies"] == {"node-opcua-client": "2.182.2"}
    lock = (NODE_FOLDER / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert all("integrity" in entry for path, entry in json.loads(lock)["packages"].items() if path)


async def test_browse(url: str, site: SiteSpec, node_client: Any) -> None:
    found = _identifiers(await node_client.ask(url, "browse", root="ns=2;i=1"))
    assert {node.node_id for node in point_nodes(site)} <= set(found)
    assert found[VALUE] == "ns=0;i=17570"
    assert found[f"{VALUE}/EURange"] == "ns=0;i=68"


async def test_read(url: str, adapter: OpcUaAdapter, update: MakeUpdate, node_client: Any) -> None:
    units = f"{VALUE}/EngineeringUnits"
    before = await node_client.ask(url, "read", ids=[VALUE, f"{VALUE}/EURange", units])
    waiting = before[VALUE]
    assert (waiting["status"], waiting["value"]) == ("BadWaitingForInitialData", None)
    assert waiting["source_us"] > 1e15
    assert waiting["server_us"] > 1e15
    assert (waiting["Description"], waiting["DataType"], waiting["ValueRank"]) == ("Oxygen", "ns=0;i=11", -1)
    assert (waiting["AccessLevel"], waiting["UserAccessLevel"], waiting["Historizing"]) == (1, 1, False)
    assert waiting["MinimumSamplingInterval"] == 0
    assert before[f"{VALUE}/EURange"]["value"] == {"low": 0, "high": 25}
    assert before[units]["value"]["unitId"] == 20529
    adapter.apply(update())
    after = await node_client.ask(url, "read", ids=[VALUE, "ns=2;s=stack/Status/Tick", "ns=2;s=stack/I1/Name"])
    assert (after[VALUE]["value"], after[VALUE]["type"]) == (20.9, "Double")
    assert after[VALUE]["source_us"] == update().stamp.unix_us
    assert (after["ns=2;s=stack/Status/Tick"]["value"], after["ns=2;s=stack/I1/Name"]["value"]) == (7, "O2")


async def test_every_state_in_a_subscription(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, node_client: Any
) -> None:
    adapter.apply(update(state=State.WAITING))
    # A state that shares its StatusCode and value with the one before is no change, so each comes after WAITING.
    states = [state for state in State if state is not State.WAITING]

    async def play() -> None:
        for tick, state in enumerate(states, start=1):
            adapter.apply(update(state=state, unix_us=update().stamp.unix_us + 2 * tick))
            adapter.apply(update(state=State.WAITING, unix_us=update().stamp.unix_us + 2 * tick + 1))

    answer = await node_client.subscribe(url, [VALUE], 1 + 2 * len(states), play)
    seen = answer["notifications"][1::2]
    assert [one["code"] for one in seen] == [QUALITY[state].status_code for state in states]
    assert [one["value"] for one in seen] == [20.9 if QUALITY[state].keeps_value else None for state in states]
    assert [one["source_us"] for one in seen] == [
        update().stamp.unix_us + 2 * tick for tick in range(1, len(states) + 1)
    ]


async def test_a_tick_is_never_torn(url: str, adapter: OpcUaAdapter, update: MakeUpdate, node_client: Any) -> None:
    ids = ["ns=2;s=stack/I1/Value", "ns=2;s=stack/Status/Tick", "ns=2;s=stack/Ratio"]
    ticks = 40

    async def play() -> None:
        for tick in range(1, ticks + 1):
            values = (tick / 2, "O2", False, tick, 0.0, tick / 100, 0.0)
            adapter.apply(update(values, unix_us=update().stamp.unix_us + tick))
            await anyio.sleep(0.01)  # spreads the ticks over several publishing intervals

    answer = await node_client.subscribe(url, ids, len(ids) * (ticks + 1), play)
    messages = [stamps for stamps in answer["messages"][1:] if stamps]
    assert len(messages) > 1
    for stamps in messages:
        assert {stamps.count(stamp) for stamp in stamps} == {len(ids)}
    ramp = [one["value"] for one in answer["notifications"] if one["id"] == ids[1]]
    assert ramp[1:] == list(range(1, ticks + 1))


async def test_writing_is_refused(url: str, node_client: Any) -> None:
    answer = await node_client.ask(url, "write", ids=[VALUE, "i=2255"])
    assert answer == {VALUE: "BadNotWritable", "i=2255": "BadNotWritable"}


async def test_login_as_admin_is_refused(url: str, node_client: Any) -> None:
    answer = await node_client.ask(url, "login")
    assert answer["accepted"] is False
    assert answer["offered"] == ["Anonymous"]


async def test_endpoint_names_the_host_the_client_used(url: str, node_client: Any) -> None:
    answer = await node_client.ask(url.replace("127.0.0.1", "localhost"), "login")
    assert answer["modes"][0][2] == url.replace("127.0.0.1", "localhost")
