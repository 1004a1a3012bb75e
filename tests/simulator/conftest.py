"""Clocks, vectors and ready-made settings for the tests of the simulator."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp
from gateway.simulator import LineSettings, PtyLink, SimulatorSettings, TcpLink

VECTORS = Path(__file__).parents[1] / "vectors"


class RealClock:
    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def stamp(self) -> Stamp:
        return Stamp(time.monotonic_ns(), time.time_ns() // 1000)

    async def sleep_until(self, monotonic_ns: int) -> None:
        await anyio.sleep(max(0.0, (monotonic_ns - time.monotonic_ns()) / 1e9))


@dataclass
class VirtualClock:
    """Time moves when somebody sleeps, and by hand."""

    now_ns: int = 1_000_000_000
    started_at: datetime = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
    slept: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._started_ns = self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        passed = timedelta(microseconds=(self.now_ns - self._started_ns) / 1000)
        return Stamp.from_utc(self.started_at + passed, self.now_ns)

    async def sleep_until(self, monotonic_ns: int) -> None:
        self.slept.append(monotonic_ns)
        self.now_ns = max(self.now_ns, monotonic_ns)
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


@pytest.fixture
def real_clock() -> RealClock:
    return RealClock()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="session")
def modbus_vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / "servomex-modbus-vectors.json").read_text())
    return loaded


@pytest.fixture(scope="session")
def frame_vectors() -> dict[str, bytes]:
    document = json.loads((VECTORS / "servomex-continuous-frames.json").read_text())
    return {vector["name"]: bytes.fromhex(vector["hex"]) for vector in document["vectors"]}


@pytest.fixture
def one_line(tmp_path: Path) -> Callable[..., SimulatorSettings]:
    """Settings of one line called `line`; unpaced and without turnaround unless told otherwise."""

    def build(protocol: ProtocolKind, *, pty: bool = False, **options: Any) -> SimulatorSettings:
        link = PtyLink(tmp_path / "tty") if pty else TcpLink()
        quick = {"baudrate": None, "turnaround_s": 0.0}
        return SimulatorSettings((LineSettings("line", link, protocol, **(quick | options)),))

    return build
