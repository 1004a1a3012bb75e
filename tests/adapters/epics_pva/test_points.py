"""PVs of points, as the client of p4p sees them."""

from __future__ import annotations

import math
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread
from p4p import Type, Value
from p4p.client.thread import RemoteError

from gateway.adapters.epics_pva.last_values import Shown
from gateway.adapters.epics_pva.point_pv import PointPv
from gateway.adapters.epics_pva.puts import READ_ONLY
from gateway.errors import AdapterError
from gateway.model.quality import QUALITY, AlarmStatus, State
from tests.adapters.epics_pva.works import UNIX_US, made, update
from tests.clients.pva_client import PATIENCE_S, Events, got, pva_client
from tests.serving import serving

DEVICE, DRIVER, DATABASE = 1, 2, 4
"""Of QSRV, for the same STAT."""
DRIVER_ALARMS = {AlarmStatus.COMM, AlarmStatus.TIMEOUT, AlarmStatus.UDF}


async def test_a_measured_value_has_all_that_displays_and_archivers_ask_for() -> None:
    adapter = made()
    adapter.apply(update({"I1/Value": 20.95}))
    async with serving(adapter) as endpoint:
        (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I1")
    assert pv.getID() == "epics:nt/NTScalar:1.0"
    assert pv["value"] == 20.95
    assert pv["timeStamp"].todict() == {"secondsPastEpoch": 1_763_689_123, "nanoseconds": 456_789_000, "userTag": 0}
    display = pv["display"].todict()
    assert display.pop("form")["index"] == 0
    assert display == {"limitLow": 0, "limitHigh": 25, "description": "Oxygen", "precision": 2, "units": "%"}
    assert pv["control"].todict() == {"limitLow": 0, "limitHigh": 25, "minStep": 0}
    limits = pv["valueAlarm"].todict()
    assert math.isnan(limits.pop("lowAlarmLimit"))
    assert limits == {
        "active": True,
        "lowWarningLimit": 15,
        "highWarningLimit": 21,
        "highAlarmLimit": 23,
        "lowAlarmSeverity": 0,
        "lowWarningSeverity": 1,
        "highWarningSeverity": 1,
        "highAlarmSeverity": 2,
        "hysteresis": 0.5,
    }


async def test_flags_texts_and_counters_come_as_their_kind() -> None:
    adapter = made()
    text = "CO2 \N{SUBSCRIPT TWO} " * 40
    adapter.apply(update({"I1/Fault": True, "I1/Name": text, "Status/Tick": 2**40}))
    async with serving(adapter) as endpoint:
        names = ("W:stack:I1:Fault", "W:stack:I1:Name", "W:stack:Status:Tick")
        flag, name, tick = await to_thread.run_sync(got, endpoint, *names)
    assert flag.getID() == "epics:nt/NTEnum:1.0"
    assert flag["value"].todict() == {"index": 1, "choices": ["No", "Yes"]}
    assert flag["display.description"] == "The transducer reports a fault"
    assert name["value"] == text
    assert tick["value"] == 2**40


@pytest.mark.parametrize("state", State)
async def test_every_state_shows_the_alarm_of_the_quality_table_and_keeps_the_last_value(state: State) -> None:
    quality = QUALITY[state]
    status = DRIVER if quality.status in DRIVER_ALARMS else DATABASE if quality.status == 18 else DEVICE
    adapter = made()
    adapter.apply(update({"I1/Value": 20.95}))
    adapter.apply(update({}, {"I1/Value": state}))
    async with serving(adapter) as endpoint:
        (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I1")
    assert pv["value"] == 20.95
    alarm = pv["alarm"].todict()
    assert alarm["severity"] == quality.severity
    assert alarm["status"] == (status if quality.severity else 0)
    assert alarm["message"] == (state.value if quality.severity else ""), "as AMSG over Channel Access"


async def test_before_the_first_value_a_pv_is_undefined_since_the_start() -> None:
    async with serving(made()) as endpoint:
        (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I2")
    assert (pv["alarm.severity"], pv["alarm.message"]) == (3, "waiting")
    assert pv["timeStamp.secondsPastEpoch"] > 1_700_000_000


async def test_monitors_are_told_what_has_changed_and_nothing_else() -> None:
    adapter = made()
    adapter.apply(update({"I1/Value": 20.0, "I2/Value": 1.0}))
    async with serving(adapter) as endpoint:
        with pva_client(endpoint) as client:
            events, other = Events(client, "W:stack:I1"), Events(client, "W:stack:I2")
            await to_thread.run_sync(events.until, lambda event: event["value"] == 20.0)
            await to_thread.run_sync(other.until, lambda event: event["value"] == 1.0)
            for number, (value, state) in enumerate([(20.0, State.GOOD), (21.5, State.HIGH), (21.5, State.GOOD)], 1):
                adapter.apply(update({"I1/Value": value}, state, UNIX_US + number))
                await to_thread.run_sync(events.until, partial(_at, unix_us=UNIX_US + number))
            adapter.apply(update({"I2/Value": 2.0}))
            await to_thread.run_sync(other.until, lambda event: event["value"] == 2.0)
    stamp, alarm = {"timeStamp.secondsPastEpoch", "timeStamp.nanoseconds"}, {"alarm.severity", "alarm.status"}
    changes = [event.changedSet(expand=True) - {"alarm.message"} for event in events.seen[1:]]
    assert changes == [stamp, stamp | alarm | {"value"}, stamp | alarm]
    assert len(other.seen) == 2


def _at(event: Value, unix_us: int) -> bool:
    seconds, microseconds = divmod(unix_us, 1_000_000)
    return (event["timeStamp.secondsPastEpoch"], event["timeStamp.nanoseconds"]) == (seconds, microseconds * 1000)


async def test_nothing_can_be_written() -> None:
    adapter = made()
    adapter.apply(update({"I1/Value": 20.0}))
    async with serving(adapter) as endpoint:
        with pva_client(endpoint) as client:
            for name, value in (("W:stack:I1", 5.0), ("W:stack:I1:Fault", 1), ("W:stack:PVI", {"display": {}})):
                with pytest.raises(RemoteError, match=READ_ONLY):
                    await to_thread.run_sync(partial(client.put, name, value, timeout=PATIENCE_S))
            with pytest.raises(RemoteError, match=READ_ONLY):
                await to_thread.run_sync(
                    partial(client.rpc, "W:stack:I1", Value(Type([("value", "d")])), timeout=PATIENCE_S)
                )
            assert client.get("W:stack:I1", timeout=PATIENCE_S)["value"] == 20.0


async def test_a_value_of_another_kind_is_refused_as_a_whole() -> None:
    adapter = made()
    adapter.apply(update({"I1/Value": 20.0}))
    with pytest.raises(AdapterError, match=r"stack/I1/Fault: 1\.5 cannot be shown as boolean"):
        adapter.apply(update({"I1/Value": 21.0, "I1/Fault": 1.5}))
    async with serving(adapter) as endpoint:
        (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I1")
    assert pv["value"] == 20.0


async def test_whoever_comes_while_values_change_ends_with_the_last_one() -> None:
    """The engine tells of clients in threads of its own, and changes are posted in another one."""
    adapter = made()
    applied = 0

    async def publish() -> None:
        nonlocal applied
        for _ in range(500):
            applied += 1
            adapter.apply(update({"Status/Tick": applied}, unix_us=UNIX_US + applied))
            await anyio.lowlevel.checkpoint()

    async with serving(adapter) as endpoint:
        for _ in range(20):
            with pva_client(endpoint) as client:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(publish)
                    events = await to_thread.run_sync(Events, client, "W:stack:Status:Tick")
                last = applied
                await to_thread.run_sync(events.until, lambda event, last=last: event["value"] == last)
            ticks = [event["value"] for event in events.seen]
            assert ticks == sorted(ticks)


async def test_what_changes_between_the_first_look_and_the_watch_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = made()
    adapter.apply(update({"I1/Value": 1.0}))
    first_look = PointPv.whole

    def whole(pv: PointPv, shown: Shown) -> Value:
        monkeypatch.undo()
        adapter.apply(update({"I1/Value": 2.0}))
        return first_look(pv, shown)

    monkeypatch.setattr(PointPv, "whole", whole)
    async with serving(adapter) as endpoint:
        (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I1")
    assert pv["value"] == 2.0
