"""A site with a record of every type, what it is fed, and the soft IOC of EPICS base that is fed the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.described_records import DescribedRecord, described_records
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.export.epics_database import epics_database
from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.points import AlarmLimits, DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import QUALITY, State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from tests.adapters.epics_ca.acting import BEGIN_US
from tests.clients.libca import environment

HERE = Path(__file__).parent
PATIENCE = 40.0
READ_ONLY = "ASG(DEFAULT) {\n    RULE(1, READ)\n}\n"
ALIAS = "LAB:O2"
SETTINGS = ChannelAccessSettings(
    prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=(), aliases={ALIAS: "stack/I1/Value"}
)

OXYGEN = PointSpec(
    ("I1", "Value"),
    ValueKind.FLOAT,
    'Oxygen in the "stack", after the filter',
    unit="mg/Nm3",
    display_range=(-5.5, 25.0),
    precision=2,
    limits=AlarmLimits(low_low=0.5, low=1.5, high_high=24.0, hysteresis=0.25),
    cyclic=True,
)
PLAIN = PointSpec(("Plain",), ValueKind.FLOAT, "Neither unit nor range nor limits")
WARM = PointSpec(("Warm",), ValueKind.FLOAT, "A unit that is not ASCII", unit="°C", precision=9)
COUNTER = PointSpec(("Count",), ValueKind.INTEGER, "A counter", unit="ticks", display_range=(0, 2.0**33))
FLAG = PointSpec(("Flag",), ValueKind.BOOLEAN, "A flag")
NAME = PointSpec(
    ("Name",), ValueKind.TEXT, "A text of any length, described in more words than a record of base can keep"
)
TRACE = PointSpec(
    ("Trace", "Value"),
    ValueKind.FLOAT,
    "An array of numbers, with all that a point may have",
    unit="mm/s",
    display_range=(-50.5, 50.5),
    precision=3,
    limits=AlarmLimits(high=40.0),
    length=6,
)
BARE = PointSpec(("Bare",), ValueKind.FLOAT, "An array of at most one number", length=1)
POINTS = (OXYGEN, PLAIN, WARM, COUNTER, FLAG, NAME, TRACE, BARE)

ACTIONS = (
    ActionSpec("Calibrate", "Starts the autocalibration of a group", (ActionArgument("Group", "Group", 1, 4),)),
    ActionSpec("Blowback", "Blows the probe back"),
    ActionSpec(
        "Level", "Sets the level", (ActionArgument("Level", "Level", 0.5, 10.25, kind=ValueKind.FLOAT, unit="V"),)
    ),
    ActionSpec(
        "Play",
        "Plays a waveform",
        (ActionArgument("Samples", "Samples", -1.5, 1.5, kind=ValueKind.FLOAT, length=5, unit="V"),),
    ),
)
SITE = SiteSpec(
    "works",
    (DeviceSpec("stack", "Stack", "Maker", "Model", (PointGroup(0, "stack", POINTS, "Acquired"),), ACTIONS),),
)
RECORDS: list[DescribedRecord] = described_records(SITE, SETTINGS)
SECONDS = 1_700_000_000
ALARM_BY_VALUE = (State.GOOD, State.LOW, State.HIGH, State.LOW_LOW, State.HIGH_HIGH)
"""States that EPICS base finds out by itself, from the value and the limits."""


def feed_gateway(adapter: ChannelAccessAdapter, values: Sequence[Value], state: State, step: int) -> None:
    """Show values of all points under one state; those without limits are then good."""
    states = [state if point is OXYGEN or state not in ALARM_BY_VALUE else State.GOOD for point in POINTS]
    stamp = Stamp(0, (SECONDS + step) * 1_000_000 + 500_000)
    adapter.apply(Update(0, stamp, values, states, range(len(POINTS))))


class SoftIoc:
    """One running soft IOC of EPICS base."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        self._process = process
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def answer(self) -> None:
        with anyio.fail_after(PATIENCE):
            line = b""
            while not line.startswith(b"{"):
                line = await self._answers.receive_until(b"\n", 10_000)

    async def _say(self, **request: object) -> None:
        assert self._process.stdin is not None
        await self._process.stdin.send(json.dumps(request).encode() + b"\n")
        await self.answer()

    async def scan_by_interrupt(self) -> None:
        """Input records of base that nobody's device support fills fall back to Passive when the IOC starts."""
        for record in RECORDS[: len(POINTS)]:
            await self._say(kind=record.reported_record_type, name=record.name, scan=True)

    async def feed(self, values: Sequence[Value], state: State, step: int) -> None:
        """As `feed_gateway`; alarms that come of limits are left to base."""
        alarm = None if state in ALARM_BY_VALUE else (int(QUALITY[state].status), int(QUALITY[state].severity))
        for record, value in zip(RECORDS, values, strict=False):
            kind = record.reported_record_type
            stamp = (SECONDS + step, 500_000_000)
            plain = value.tolist() if isinstance(value, memoryview) else value
            await self._say(kind=kind, name=record.name, value=plain, alarm=alarm, stamp=stamp)

    async def feed_commands(self) -> None:
        """Commands that are idle, as the gateway shows them from its start."""
        for record in RECORDS[len(POINTS) :]:
            kind = record.reported_record_type
            value: object = [] if kind == "waveform" else 0
            await self._say(kind=kind, name=record.name, value=value, alarm=None, stamp=(BEGIN_US // 1_000_000, 0))


@asynccontextmanager
async def soft_ioc(folder: Path, port: int) -> AsyncIterator[SoftIoc]:
    """Start a soft IOC with the database that the gateway exports, in which nobody may write."""
    database, access_file = folder / "works.db", folder / "read_only.acf"
    database.write_text(epics_database(SITE.name, RECORDS), encoding="utf-8")
    access_file.write_text(READ_ONLY)
    command = [sys.executable, str(HERE / "soft_ioc.py"), str(database), str(access_file)]
    variables = environment(
        port, EPICS_CAS_INTF_ADDR_LIST="127.0.0.1", EPICS_CAS_AUTO_BEACON_ADDR_LIST="NO", EPICS_CAS_BEACON_ADDR_LIST=""
    )
    async with await anyio.open_process(command, env=variables, stderr=subprocess.DEVNULL) as process:
        try:
            ioc = SoftIoc(process)
            await ioc.answer()
            await ioc.scan_by_interrupt()
            await ioc.feed_commands()
            yield ioc
        finally:
            process.kill()


async def witnesses(ports: Sequence[int], names: Sequence[str]) -> list[dict[str, dict[str, Any] | None]]:
    """What libca hears of these names from several servers, asked at the same time."""
    heard: dict[int, dict[str, dict[str, Any] | None]] = {}

    async def ask(port: int) -> None:
        heard[port] = await witness(port, names)

    async with anyio.create_task_group() as tasks:
        for port in ports:
            tasks.start_soon(ask, port)
    return [heard[port] for port in ports]


async def witness(port: int, names: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    """What libca hears of these names."""
    command = [sys.executable, str(HERE / "ca_witness.py")]
    with anyio.fail_after(PATIENCE):
        done = await anyio.run_process(
            command, input=json.dumps(names).encode(), env=environment(port), stderr=subprocess.DEVNULL
        )
    heard: dict[str, dict[str, Any] | None] = json.loads(done.stdout)
    return heard
