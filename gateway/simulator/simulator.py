"""A whole simulator: every line of the settings in one task group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from anyio.abc import TaskStatus

from gateway.errors import SettingsError
from gateway.model.stamp import Clock
from gateway.simulator.instrument import Instrument
from gateway.simulator.line import Line, Server
from gateway.simulator.settings import SimulatorSettings
from gateway.simulator.settings_check import settings_problems


class Simulator:
    """The lines of a running simulator, by name."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self.lines = lines

    def instrument(self, line: str, address: int | None = None) -> Instrument:
        """An instrument, to switch its faults; without an address the first one on the line.

        Raises:
            KeyError: No such line, or no such address on it.
        """
        instruments = self.lines[line].instruments
        return next(iter(instruments.values())) if address is None else instruments[address]


async def simulate(
    settings: SimulatorSettings,
    clock: Clock,
    *,
    task_status: TaskStatus[Simulator] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Run a simulator until cancelled; reports the Simulator as started once every line can be reached.

    Raises:
        SettingsError: The settings describe something that cannot exist.
        LinkError: A line cannot be opened; those opened before it are closed again.
    """
    async with _opened(settings, clock) as (simulator, servers), anyio.create_task_group() as tasks:
        for line, server in zip(simulator.lines.values(), servers, strict=True):
            tasks.start_soon(line.serve, server)
        task_status.started(simulator)


@asynccontextmanager
async def running(settings: SimulatorSettings, clock: Clock) -> AsyncIterator[Simulator]:
    """A simulator for the length of a block. Errors of the block come out as they are, in no exception group.

    Raises:
        SettingsError: The settings describe something that cannot exist.
        LinkError: A line cannot be opened.
    """
    failure: Exception | None = None
    async with _opened(settings, clock) as (simulator, servers), anyio.create_task_group() as tasks:
        for line, server in zip(simulator.lines.values(), servers, strict=True):
            tasks.start_soon(line.serve, server)
        try:
            yield simulator
        except Exception as error:  # noqa: BLE001 - raised again below, outside of the task group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


@asynccontextmanager
async def _opened(settings: SimulatorSettings, clock: Clock) -> AsyncIterator[tuple[Simulator, list[Server]]]:
    if problems := settings_problems(settings):
        raise SettingsError(problems)
    lines = {line.name: Line(line, clock) for line in settings.lines}
    async with AsyncExitStack() as links:
        servers = [await links.enter_async_context(line.open()) for line in lines.values()]
        yield Simulator(lines), servers
