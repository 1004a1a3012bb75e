"""One script run by every make of Channel Access client: all of them see the same, value by value.

aioca and pyepics stand on three builds of the C library of EPICS base, that of Debian some years older than the others,
and pvapy goes through the Channel Access provider of pvAccessCPP.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.points import AlarmLimits, DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import QUALITY, AlarmStatus, State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from tests.adapters.epics_ca.acting import ManualClock
from tests.clients.ca_judge import TYPES
from tests.clients.judges import (
    WITHOUT_DEBIAN,
    Judge,
    RunningJudge,
    bundled_libca,
    debian_libca,
    judging,
    witness,
)
from tests.serving import serving

SECONDS, NANOSECONDS = 1_700_000_000, 123_457_000
NAMES = ("T:stack:I1", "T:stack:Plain", "T:stack:Count", "T:stack:Flag", "T:stack:Name", "T:stack:Spectrum")
OXYGEN, PLAIN, COUNT, FLAG, TEXT, SPECTRUM = NAMES
POINTS = (
    PointSpec(
        ("I1", "Value"), ValueKind.FLOAT, "Oxygen", "%", (0, 25), 2, AlarmLimits(low=1.5, high_high=24), cyclic=True
    ),
    PointSpec(("Plain",), ValueKind.FLOAT, "Neither unit nor range nor limits"),
    PointSpec(("Count",), ValueKind.INTEGER, "A counter", display_range=(0, 2.0**33)),
    PointSpec(("Flag",), ValueKind.BOOLEAN, "A flag"),
    PointSpec(("Name",), ValueKind.TEXT, "A text of any length"),
    PointSpec(("Spectrum", "Value"), ValueKind.FLOAT, "Counts", "1/s", length=8),
)
SITE = SiteSpec("works", (DeviceSpec("stack", "Stack", "Maker", "Model", (PointGroup(0, "stack", POINTS),)),))
LONG = "Kohlendioxid \N{SUPERSCRIPT TWO} " * 12
TICKS: tuple[tuple[tuple[Value, ...], State], ...] = (
    ((20.956, -2.5, 2**40 + 7, True, LONG, memoryview(array("d", [1.5, -2.0, 1e300])).toreadonly()), State.GOOD),
    ((24.5, float("inf"), 4, False, "O2", memoryview(array("d", range(8))).toreadonly()), State.HIGH_HIGH),
    ((24.5, 1e17, -5, False, "42", memoryview(array("d", [7.0, 8.0])).toreadonly()), State.COMMUNICATION_LOST),
)
NUMBERS = [*TYPES]
GETS = {
    OXYGEN: NUMBERS,
    PLAIN: NUMBERS,
    COUNT: NUMBERS,
    FLAG: NUMBERS,
    TEXT: ["STRING"],
    SPECTRUM: ["STRING", "SHORT", "FLOAT", "LONG", "DOUBLE"],
    **{f"{OXYGEN}.{field}": ["STRING"] for field in ("EGU", "DESC", "RTYP", "AMSG")},
    **{f"{OXYGEN}.{field}": ["STRING", "DOUBLE"] for field in ("HIHI", "PREC", "LOLO", "HYST")},
    **{f"{OXYGEN}.{field}": ["STRING", "ENUM"] for field in ("STAT", "SEVR", "HHSV", "SCAN")},
    f"{TEXT}.VAL$": ["CHAR"],
    f"{OXYGEN}.DESC$": ["CHAR"],
    f"{SPECTRUM}.NORD": ["LONG"],
    f"{SPECTRUM}.NELM": ["LONG"],
}

JUDGES = (
    pytest.param("pyepics", None, id="pyepics"),
    pytest.param(
        "pyepics",
        debian_libca(),
        id="pyepics with the libca of Debian",
        marks=pytest.mark.skipif(debian_libca() is None, reason=WITHOUT_DEBIAN),
    ),
    pytest.param("pvapy", None, id="pvapy", marks=pytest.mark.skipif(sys.platform != "linux", reason="no wheel")),
)


def tick(number: int) -> Update:
    values, state = TICKS[number]
    of_one = [state, *[State.GOOD if state is State.HIGH_HIGH else state] * (len(POINTS) - 1)]
    return Update(0, Stamp(0, (SECONDS + number) * 1_000_000 + NANOSECONDS // 1000), values, of_one, range(len(POINTS)))


@asynccontextmanager
async def served() -> AsyncIterator[tuple[ChannelAccessAdapter, int]]:
    settings = ChannelAccessSettings(prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=())
    adapter = ChannelAccessAdapter(SITE, settings, ManualClock())
    adapter.apply(tick(0))
    async with serving(adapter) as endpoint:
        yield adapter, int(endpoint.rpartition(":")[2])


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two clients say something else; what only one of them says is no difference."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        assert "value" not in one or "value" in other, where
        for key in one.keys() & other.keys():
            yield from differences(one[key], other[key], f"{where} {key}")
    elif one != other:
        yield f"{where}: {one} is not {other}"


def with_names(seen: Any) -> Any:
    """The same with the name of every alarm, which is what the client of pvAccessCPP has instead of its number."""
    if not isinstance(seen, Mapping):
        return seen
    found = {key: with_names(below) for key, below in seen.items()}
    if "alarm" in seen:
        severity, status = seen["alarm"]
        found["message"] = [severity, AlarmStatus(status).name.replace("HW_LIMIT", "HWLIMIT") if severity else ""]
    return found


async def hear_all(adapter: ChannelAccessAdapter, judges: tuple[RunningJudge, ...]) -> None:
    """Show the ticks, each once everybody has heard of the one before it."""
    for number in range(len(TICKS)):
        if number:
            adapter.apply(tick(number))
        for judge in judges:
            await judge.hear(number + 1)


@pytest.mark.parametrize(("client", "libca"), JUDGES)
async def test_every_client_reads_and_hears_the_same(client: str, libca: Any) -> None:
    async with served() as (adapter, port):
        async with judging(Judge("aioca"), port) as aioca, judging(Judge(client, libca), port) as judge:
            ours, theirs = await aioca.ask(GETS, NAMES, NAMES), await judge.ask(GETS, NAMES, NAMES)
            await hear_all(adapter, (aioca, judge))
    assert [*differences(with_names(ours["get"]), theirs["get"])] == []
    assert theirs["get"].keys() == GETS.keys()
    for pv, types in GETS.items():
        assert theirs["get"][pv].keys() == {"native", *(() if client == "pvapy" else types)}
    for answers in (ours, theirs):
        assert [text for text in answers["put"].values() if "Write access denied" not in text] == []
    for pv in NAMES:
        assert len(judge.heard[pv]) == len(aioca.heard[pv]) == len(TICKS)
        for number in range(len(TICKS)):
            one, other = with_names(aioca.heard[pv][number]), judge.heard[pv][number]
            assert [*differences(one, other, f"{pv}, tick {number}:")] == []


async def test_what_all_of_them_see_is_what_was_published() -> None:
    async with served() as (adapter, port), judging(Judge("aioca"), port) as aioca:
        read = (await aioca.ask(GETS, (), NAMES))["get"]
        await hear_all(adapter, (aioca,))
    native = {pv: seen["native"] for pv, seen in read.items()}
    assert (native[OXYGEN]["value"], native[OXYGEN]["units"], native[OXYGEN]["precision"]) == ("20.956", "%", 2)
    assert native[COUNT]["value"] == repr(2.0**40 + 7)
    assert (native[FLAG]["value"], native[FLAG]["states"]) == ("1.0", ["No", "Yes"])
    assert native[f"{TEXT}.VAL$"]["value"] == LONG
    assert native[SPECTRUM]["value"] == ["1.5", "-2.0", "1e+300"]
    lost = QUALITY[State.COMMUNICATION_LOST]
    alarms = [[0, 0], [2, AlarmStatus.HIHI], [lost.severity, lost.status]]
    events = aioca.heard[OXYGEN]
    assert [event["alarm"] for event in events] == alarms
    assert [event["stamp"] for event in events] == [[SECONDS + number, NANOSECONDS] for number in range(len(TICKS))]
    assert [event["value"] for event in aioca.heard[SPECTRUM]] == [
        ["1.5", "-2.0", "1e+300"],
        [repr(float(number)) for number in range(8)],
        ["7.0", "8.0"],
    ]


async def test_every_build_of_the_c_library_hears_the_same_in_every_type() -> None:
    """Plain, STS, TIME, GR, CTRL, STSACK and CLASS_NAME: the functions of C, below any client."""
    async with served() as (adapter, port):
        adapter.apply(tick(1))
        ours = await witness(port, [*GETS])
        assert None not in ours.values()
        for library in filter(None, (bundled_libca(), debian_libca())):
            assert await witness(port, [*GETS], library) == ours
