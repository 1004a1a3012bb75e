"""The table of an analyser is one tick; the tree of NTPVIs leads to every PV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import anyio.lowlevel
from anyio import to_thread
from p4p.client.thread import Context

from gateway import registry
from gateway.model.quality import State
from tests.adapters.epics_pva.works import SITE, UNIX_US, made, update
from tests.clients.pva_client import PATIENCE_S, Events, got, pva_client
from tests.serving import serving


async def test_the_table_has_a_row_for_each_channel_and_the_worst_alarm() -> None:
    adapter = made()
    values = {"I1/Value": 20.5, "I2/Value": 3.25, "I2/WarmingUp": True, "I1/Name": "O2"}
    adapter.apply(update(values, {"I1/Value": State.HIGH, "I2/Value": State.CALIBRATING}))
    async with serving(adapter) as endpoint:
        (table,) = await to_thread.run_sync(got, endpoint, "W:stack:TABLE")
    assert table.getID() == "epics:nt/NTTable:1.0"
    columns = table["value"].todict()
    assert table["labels"] == list(columns)
    assert columns["channel"] == ["I1", "I2"]
    assert list(columns["value"]) == [20.5, 3.25]
    assert columns["unit"] == ["%", "vpm"]
    assert columns["name"] == ["O2", ""]
    assert list(columns["warming_up"]) == [False, True]
    assert list(columns["severity"]) == [1, 1]
    assert columns["status"] == ["high", "calibrating"]
    assert table["descriptor"] == "Stack gas"
    assert table["alarm.severity"] == 1
    assert table["timeStamp.secondsPastEpoch"] * 1_000_000 + table["timeStamp.nanoseconds"] // 1000 == UNIX_US


async def test_every_event_of_the_table_is_one_tick_even_where_the_client_misses_some() -> None:
    """Both channels carry the number of the tick, and the time stamp does too."""
    adapter = made()
    adapter.apply(update({"I1/Value": 0.0, "I2/Value": 0.0}, unix_us=UNIX_US))
    last = 500
    async with serving(adapter) as endpoint:
        with pva_client(endpoint) as client:
            events = Events(client, "W:stack:TABLE")
            await to_thread.run_sync(events.until, lambda _event: True)
            for tick in range(1, last + 1):
                number = float(tick)
                adapter.apply(update({"I1/Value": number, "I2/Value": number}, unix_us=UNIX_US + tick * 1_000_000))
                await anyio.lowlevel.checkpoint()
            await to_thread.run_sync(events.until, lambda event: event["value.value"][0] == last)
    for event in events.seen:
        first, second = event["value.value"]
        assert first == second == event["timeStamp.secondsPastEpoch"] - UNIX_US // 1_000_000


def leaves(client: Context, pvi: str) -> dict[str, Any]:
    """Everything below one PVI, as ophyd-async would walk it: by the single key of each entry."""
    structure = client.get(pvi, timeout=PATIENCE_S)
    assert structure.getID() == "epics:nt/NTPVI:1.0"
    entries: Mapping[str, Mapping[str, str]] = structure["value"].todict()
    found: dict[str, Any] = {}
    for name, entry in entries.items():
        assert name.isidentifier()
        ((access, pv),) = entry.items()
        found[name] = leaves(client, pv) if access == "d" else pv
    return found


def pvs(tree: Mapping[str, Any]) -> set[str]:
    return {pv for one in tree.values() for pv in (pvs(one) if isinstance(one, Mapping) else {one})}


async def test_the_tree_leads_to_every_pv_and_all_of_them_can_be_read() -> None:
    def walk(endpoint: str) -> dict[str, Any]:
        with pva_client(endpoint) as client:
            tree = leaves(client, "W:PVI")
            client.get(sorted(pvs(tree)), timeout=PATIENCE_S)
        return tree

    async with serving(made()) as endpoint:
        tree = await to_thread.run_sync(walk, endpoint)
    assert tree["stack"]["i1"]["value"] == "W:stack:I1"
    assert tree["stack"]["i1"]["warming_up"] == "W:stack:I1:WarmingUp"
    kind = registry.adapter("epics_ca")
    as_on_channel_access = {served.name for served in kind.names(SITE, kind.settings(prefix="W:"))}
    assert pvs(tree) == as_on_channel_access | {"W:stack:TABLE"}
