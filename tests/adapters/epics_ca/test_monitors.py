"""What monitors receive: atomic ticks in order, by mask, by filter, and nothing after the end."""

from __future__ import annotations

from typing import Any

import anyio

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.model.quality import State

VALUE, LOG, ALARM, PROPERTY = 1, 2, 4, 8


async def test_ticks_arrive_whole_and_in_order(adapter: ChannelAccessAdapter, client: Any, update: Any):
    for name in ("I1", "Plain", "Status:Tick"):
        await client.monitor(f"T:stack:{name}", tag="all" if name == "I1" else name, format="TIME")
    for tick in range(1, 51):
        adapter.apply(
            update({"I1": tick * 0.5, "Plain": tick * 2.0, "Status:Tick": tick}, unix_us=tick * 10**6 + 2**50)
        )
        await client.events("Status:Tick", tick + 1)  # libca asks for a pause when ten messages in a row keep it busy
    ticks = await client.events("Status:Tick", 51)
    assert [event["value"] for event in ticks] == list(range(51))
    stamps = [event["raw_stamp"] for event in ticks[1:]]
    assert stamps == [event["raw_stamp"] for event in (await client.events("all", 51))[1:]]
    assert stamps == [event["raw_stamp"] for event in (await client.events("Plain", 51))[1:]]


async def test_several_updates_within_one_turn_leave_the_newest(
    adapter: ChannelAccessAdapter, client: Any, update: Any
):
    await client.monitor("T:stack:I1", format="TIME")
    for value in (1.0, 2.0, 3.0):
        adapter.apply(update({"I1": value}))
    assert (await client.events("T:stack:I1", 2))[-1]["value"] == 3.0


async def test_masks_decide_what_a_monitor_hears(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 1.0}))
    masks = {"value": VALUE, "log": LOG, "alarm": ALARM, "property": PROPERTY, "both": VALUE | ALARM}
    for tag, mask in masks.items():
        first = await client.monitor("T:stack:I1", tag=tag, events=mask, format="TIME")
        assert first["value"] == 1.0

    async def step(value: float, state: State) -> None:
        adapter.apply(update({"I1": value}, state=state))
        for _ in range(3):
            await anyio.lowlevel.checkpoint()

    await step(1.0, State.GOOD)
    await step(2.0, State.GOOD)
    await step(2.0, State.HIGH)
    await step(3.0, State.HIGH)
    await step(4.0, State.GOOD)

    async def heard(tag: str, count: int) -> list[tuple[float, int]]:
        return [(event["value"], event["severity"]) for event in (await client.events(tag, count))[1:]]

    assert await heard("both", 5) == [(2.0, 0), (2.0, 1), (3.0, 1), (4.0, 0)]
    assert await heard("value", 4) == [(2.0, 0), (3.0, 1), (4.0, 0)]
    assert await heard("log", 4) == [(2.0, 0), (3.0, 1), (4.0, 0)]
    assert await heard("alarm", 3) == [(2.0, 1), (4.0, 0)]
    assert await heard("property", 1) == []


async def test_an_unchanged_value_is_not_repeated_but_reading_shows_its_time(
    adapter: ChannelAccessAdapter, client: Any, update: Any
):
    adapter.apply(update({"I1": 1.0}, unix_us=2**50))
    await client.monitor("T:stack:I1", format="TIME")
    adapter.apply(update({"I1": 1.0}, unix_us=2**50 + 5))
    assert (await client.get("T:stack:I1", format="TIME"))["raw_stamp"][1] == (2**50 + 5) % 10**6 * 1000
    adapter.apply(update({"I1": 2.0}, unix_us=2**50 + 9))
    assert [event["value"] for event in await client.events("T:stack:I1", 2)] == [1.0, 2.0]


async def test_every_kind_and_type_can_be_monitored(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 20.5, "I1:Name": "O2", "I1:Fault": False, "Status:Tick": 1}))
    wanted = {
        "string": ("T:stack:I1", {"datatype": "STRING"}, "20.50", "21.50"),
        "ctrl": ("T:stack:I1", {"format": "CTRL"}, 20.5, 21.5),
        "long": ("T:stack:I1", {"datatype": "LONG", "format": "TIME"}, 20, 21),
        "flag": ("T:stack:I1:Fault", {"format": "TIME"}, 0, 1),
        "state": ("T:stack:I1:Fault", {"datatype": "STRING"}, "No", "Yes"),
        "text": ("T:stack:I1:Name", {"format": "TIME"}, "O2", "n" * 39),
        "whole": ("T:stack:I1:Name.VAL$", {"datatype": "CHAR_STR"}, "O2", "n" * 60),
        "count": ("T:stack:Status:Tick", {"format": "TIME"}, 1, 2**40),
    }
    for tag, (name, options, before, _after) in wanted.items():
        assert (await client.monitor(name, tag=tag, **options))["value"] == before
    adapter.apply(update({"I1": 21.5, "I1:Name": "n" * 60, "I1:Fault": True, "Status:Tick": 2**40}))
    for tag, (_name, _options, _before, after) in wanted.items():
        assert (await client.events(tag, 2))[1]["value"] == after


async def test_fields_that_live_post_their_changes(adapter: ChannelAccessAdapter, client: Any, update: Any):
    for field in ("SEVR", "STAT", "UDF"):
        await client.monitor(f"T:stack:I1.{field}", tag=field)
    await client.monitor("T:stack:I1.VAL", tag="VAL")
    adapter.apply(update({"I1": 5.0}, state=State.HIGH))
    await client.get("T:stack:I1")
    adapter.apply(update({"I1": 5.0}, state=State.COMMUNICATION_LOST))
    assert [event["value"] for event in await client.events("SEVR", 3)] == [3, 1, 3]
    assert [event["value"] for event in await client.events("STAT", 3)] == [17, 4, 9]
    assert [event["value"] for event in await client.events("UDF", 2)] == [1, 0]
    assert (await client.events("VAL", 2))[1]["value"] == 5.0


async def test_a_closed_monitor_is_silent_and_forgotten(adapter: ChannelAccessAdapter, client: Any, update: Any):
    await client.monitor("T:stack:I1", tag="kept")
    await client.monitor("T:stack:I1", tag="closed", datatype="STRING")
    await client.ask("close", tag="closed")
    await client.get("T:stack:I1")
    adapter.apply(update({"I1": 1.0}))
    assert [event["ok"] for event in await client.events("kept", 2)] == [True, True]
    assert len(await client.events("closed", 1)) == 1
    assert [len(group) for group in adapter._records["T:stack:I1"].listeners.values()] == [1]


async def test_filters_and_masks_go_together(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 10.0, "I1:Name": "O2"}))
    await client.monitor('T:stack:I1.{"dbnd":{"abs":1.5}}', tag="deadband", format="TIME")
    await client.monitor('T:stack:I1.{"ts":{}}', tag="alarm", events=ALARM)
    await client.monitor('T:stack:I1:Name.{"dbnd":{"abs":1.5}}', tag="nonsense")
    for value in (11.0, 12.0, 13.0, 14.0):
        adapter.apply(update({"I1": value, "I1:Name": str(value)}))
        await client.get("T:stack:I1")
    adapter.apply(update({"I1": 14.0}, state=State.HIGH))
    assert [event["value"] for event in await client.events("deadband", 3)] == [10.0, 12.0, 14.0]
    assert len(await client.events("alarm", 2)) == 2
    assert (await client.get('T:stack:I1.{"ts":{}}', format="TIME"))["value"] == 14.0


async def test_two_clients_share_and_one_leaves(adapter: ChannelAccessAdapter, port: int, connect: Any, update: Any):
    async with connect(port) as stays:
        async with connect(port) as leaves:
            await stays.monitor("T:stack:I1")
            await leaves.monitor("T:stack:I1")
            adapter.apply(update({"I1": 1.0}))
            assert (await stays.events("T:stack:I1", 2))[1] == (await leaves.events("T:stack:I1", 2))[1]
        adapter.apply(update({"I1": 2.0}))
        assert (await stays.events("T:stack:I1", 3))[2]["value"] == 2.0
