"""A device in a test: settings, the simulated devices behind it, and its batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import anyio
import pytest

from gateway.daq.back_ends.simulated import SimulatedDevice
from gateway.drivers.daq import back_ends
from gateway.drivers.daq.back_ends import BackEnds
from gateway.drivers.daq.driver import DRIVER
from gateway.drivers.daq.settings import DaqChannel, DaqDevice, DaqSettings
from gateway.drivers.daq.source import DaqSource
from gateway.errors import LinkError
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.value import Value
from gateway.streaming.clock import SystemClock

PATIENCE_S = 20.0
Batch = Sequence[Sample]


def device_settings(**more: Any) -> DaqSettings:
    """Blocks of 20 samples at 1 kHz."""
    channels = {
        "A": DaqChannel("V", (-10, 10)),
        "B": DaqChannel("V"),
        "Out": DaqChannel("V", (-5, 5), direction="output"),
    }
    given = {"channels": channels, "sample_rate_hz": 1000, "block_size": 20} | more
    return DaqSettings(DaqDevice("simulated", signal="counter"), **given)


@dataclass
class Opened:
    """A device whose batches are taken in the background.

    Attributes:
        source: What is tested.
        output: Its outputs, while it is first open.
        batches: All batches so far.
        values: Browse path to the value that was told last.
        failures: What ended its openings.
    """

    source: DaqSource
    output: SimulatedDevice
    batches: list[Batch] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    failures: list[LinkError] = field(default_factory=list)
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def follow(self) -> None:
        while True:
            try:
                async with aclosing(self.source.batches()) as batches:
                    async for batch in batches:
                        self._take(batch)
            except LinkError as error:
                self.failures.append(error)
                self._told()

    async def until(self, holds: Callable[[], object]) -> None:
        with anyio.fail_after(PATIENCE_S):
            while not holds():
                await self._news.wait()

    async def until_value(self, path: str, value: Value) -> None:
        await self.until(lambda: path in self.values and self.values[path] == value)

    def _take(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.values |= {one.channel: one.reading.value for one in batch if one.channel and one.reading}
        self._told()

    def _told(self) -> None:
        self._news.set()
        self._news = anyio.Event()


@asynccontextmanager
async def opened(
    monkeypatch: pytest.MonkeyPatch,
    settings: DaqSettings,
    *,
    inputs: Sequence[SimulatedDevice] = (),
    output: SimulatedDevice | None = None,
    rate_hz: float = 50.0,
) -> AsyncIterator[Opened]:
    """A device for the length of a block; each opening takes the next of the inputs, and then sound ones."""
    waiting, outputs = iter(inputs), output or SimulatedDevice()
    first = BackEnds(next(waiting, SimulatedDevice()), outputs)
    ends = chain((first,), (BackEnds(one, SimulatedDevice()) for one in chain(waiting, iter(SimulatedDevice, None))))
    monkeypatch.setitem(back_ends.MAKERS, "simulated", lambda _settings: next(ends))
    assert list(DRIVER.check(settings, ProtocolKind.LOCAL)) == []
    source = DRIVER.connect("dev", settings, rate_hz, SystemClock())
    assert isinstance(source, DaqSource)
    one = Opened(source, outputs)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.follow)
        yield one
        tasks.cancel_scope.cancel()
