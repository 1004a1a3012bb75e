"""Arrays of numbers, as p4p and a stack that shares no code with it see them."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio
import numpy as np
import pytest
from anyio import to_thread

from gateway.adapters.epics_pva.adapter import PvAccessAdapter
from gateway.adapters.epics_pva.names import pv_names
from gateway.adapters.epics_pva.point_pv import engine_value
from gateway.adapters.epics_pva.self_read import read_back
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.errors import AdapterError
from gateway.model.meaning import DeviceChannel
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import AlarmStatus, Severity, State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from tests.adapters.epics_pva.works import UNIX_US
from tests.clients.client_process import client_process
from tests.clients.pva_client import Events, got, pva_client
from tests.ports import free_port
from tests.serving import serving

SETTINGS = PvAccessSettings(prefix="W:", interfaces=("127.0.0.1",), port=0, broadcast_port=0, beacons=())
POINTS = (
    PointSpec(("Spectrum", "Value"), ValueKind.FLOAT, "Counts", "1/s", (0, 500), 1, length=2048),
    PointSpec(("Peak", "Value"), ValueKind.FLOAT, "Largest count", "1/s"),
)
SITE = SiteSpec(
    "works",
    (
        DeviceSpec(
            "mca",
            "Analyser of pulse heights",
            "Maker",
            "Model",
            (PointGroup(0, "mca", POINTS, "Acquired"),),
            channels=(DeviceChannel("Spectrum", ""), DeviceChannel("Peak", "")),
        ),
    ),
)
PVAPY = """
import json, sys
import pvaccess
channel = pvaccess.Channel(sys.argv[1], pvaccess.PVA)
print(json.dumps(channel.get("field()").toDict(), default=lambda array: array.tolist()), flush=True)
channel.monitor(lambda pv: print(json.dumps(pv["value"].tolist()), flush=True), "field(value)")
sys.stdin.readline()
"""


def numbers(*values: float) -> memoryview:
    return memoryview(bytes(memoryview(array("d", values)))).cast("d")


def tick(values: Sequence[Value], state: State = State.GOOD, unix_us: int = UNIX_US) -> Update:
    return Update(0, Stamp(1, unix_us), values, [state, State.GOOD], [0, 1])


async def test_an_array_has_unit_alarm_and_time_and_every_length_that_it_may_have() -> None:
    adapter = PvAccessAdapter(SITE, SETTINGS)
    long = numbers(*np.linspace(0, 500, 2048))
    async with serving(adapter) as endpoint:
        with pva_client(endpoint) as client:
            events = await to_thread.run_sync(Events, client, "W:mca:Spectrum")
            first = await to_thread.run_sync(events.until, lambda _: True)
            assert (first["value"].size, first["alarm.message"]) == (0, "waiting")
            for number, values in enumerate((long, numbers(1.5), numbers(), numbers(1.0, 2.0)), 1):
                adapter.apply(tick([values, 1.0], unix_us=UNIX_US + number))
                seen = await to_thread.run_sync(
                    events.until, lambda event, n=number: _microsecond(event) == UNIX_US + n
                )
                assert seen["value"].dtype == np.float64
                assert np.array_equal(seen["value"], values)
            adapter.apply(tick([None, 1.0], State.COMMUNICATION_LOST, UNIX_US + 9))
            lost = await to_thread.run_sync(events.until, lambda event: event["alarm.severity"] == 3)
    assert "value" not in lost.changedSet(expand=True)
    assert np.array_equal(lost["value"], [1.0, 2.0]), "the last value stays"
    assert lost["alarm"].todict() == {"severity": 3, "status": 2, "message": "communication-lost"}
    assert first.getID() == "epics:nt/NTScalarArray:1.0"
    display = first["display"].todict()
    assert (display["units"], display["description"]) == ("1/s", "Counts")
    assert (display["limitLow"], display["limitHigh"], display["precision"]) == (0, 500, 1)


def _microsecond(event: Any) -> int:
    return event["timeStamp.secondsPastEpoch"] * 1_000_000 + event["timeStamp.nanoseconds"] // 1000


async def test_another_stack_reads_and_follows_an_array() -> None:
    search = free_port()
    adapter = PvAccessAdapter(SITE, replace(SETTINGS, broadcast_port=search))
    adapter.apply(tick([numbers(0.5, -2.0), 0.5]))
    environment = os.environ | {"EPICS_PVA_BROADCAST_PORT": str(search), "EPICS_PVA_ADDR_LIST": "127.0.0.1"}
    async with serving(adapter):
        async with client_process(PVAPY, "W:mca:Spectrum", environment=environment) as (_process, output):
            found = json.loads(await output.line())
            assert found["value"] == [0.5, -2.0]
            assert found["display"]["units"] == "1/s"
            assert json.loads(await output.line()) == [0.5, -2.0]
            adapter.apply(tick([numbers(7.0, 8.0, 9.0), 9.0], unix_us=UNIX_US + 1))
            assert json.loads(await output.line()) == [7.0, 8.0, 9.0]


def test_the_engine_reads_the_memory_that_the_driver_filled() -> None:
    view = numbers(1.0, 2.0, 3.0)
    assert np.shares_memory(engine_value(view), np.asarray(view))


async def test_the_table_leaves_arrays_out() -> None:
    adapter = PvAccessAdapter(SITE, SETTINGS)
    adapter.apply(tick([numbers(1.0, 2.0), 2.0]))
    async with serving(adapter) as endpoint:
        (table,) = await to_thread.run_sync(got, endpoint, "W:mca:TABLE")
    assert table["value.channel"] == ["Peak"]
    assert table["value.value"].tolist() == [2.0]


async def test_an_array_reads_back_as_it_was_published() -> None:
    adapter = PvAccessAdapter(SITE, SETTINGS)
    adapter.apply(tick([numbers(1.0, 2.0), 2.0], State.HIGH_HIGH))
    (spectrum, _peak) = pv_names(SITE, SETTINGS)
    async with serving(adapter) as endpoint:
        with anyio.fail_after(10):
            (seen,) = await read_back(endpoint, [spectrum.name])
    assert seen.value == numbers(1.0, 2.0)
    assert (seen.unix_us, seen.alarm) == (UNIX_US, (AlarmStatus.HIHI, Severity.MAJOR))


def test_one_number_is_no_array_and_an_array_no_number() -> None:
    adapter = PvAccessAdapter(SITE, SETTINGS)
    with pytest.raises(AdapterError, match=r"mca/Spectrum/Value: 1\.0 cannot be shown as array of numbers"):
        adapter.apply(tick([1.0, 1.0]))
    with pytest.raises(AdapterError, match="cannot be shown as float"):
        adapter.apply(tick([numbers(1.0), numbers(1.0)]))
