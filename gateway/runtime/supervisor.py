"""Runs everything in the right order: servers first, acquisition inside them, a last word to clients at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import anyio
from anyio.abc import TaskStatus

from gateway.model.stamp import Clock
from gateway.runtime.adapter_runner import AdapterRunner
from gateway.runtime.analyser_actions import AnalyserActions
from gateway.runtime.diagnostics import CounterProjector
from gateway.runtime.freshness import Freshness
from gateway.runtime.hub import Hub

_DIAGNOSTICS_S = 1.0
_LAST_WORD_S = 0.25


class Acquisition(Protocol):
    """What the supervisor runs for one analyser."""

    async def run(self) -> None:
        """Acquire until cancelled."""
        ...


class Service(Protocol):
    """Something beside the servers that runs as long as they do."""

    async def __call__(self, *, task_status: TaskStatus[None]) -> None:
        """Run until cancelled; call `task_status.started()` once it is ready."""
        ...


@dataclass(frozen=True, slots=True)
class AnalyserRunner:
    """One analyser with everything that belongs to it."""

    name: str
    acquisition: Acquisition
    freshness: Freshness
    counters: Sequence[CounterProjector]
    actions: AnalyserActions | None = None

    async def run(self) -> None:
        """Acquire until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.freshness.watch)
            if self.actions is not None:
                tasks.start_soon(self.actions.run)
            await self.acquisition.run()


class Supervisor:
    """Owns every long-running task of the gateway.

    Args:
        hub: Where Updates go.
        servers: Northbound servers.
        analysers: What is acquired.
        clock: Time.
        services: What else runs; ready before acquisition begins.
    """

    def __init__(
        self,
        hub: Hub,
        servers: Sequence[AdapterRunner],
        analysers: Sequence[AnalyserRunner],
        clock: Clock,
        services: Sequence[Service] = (),
    ) -> None:
        self._hub = hub
        self._servers = servers
        self._analysers = analysers
        self._clock = clock
        self._services = services

    async def run(self, stop: anyio.Event, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop` is set or until cancelled.

        Raises:
            AdapterError: A server cannot start.
        """
        async with anyio.create_task_group() as serving:
            with anyio.CancelScope() as starting:
                serving.start_soon(_cancel_when_set, stop, starting)
                for server in self._servers:
                    await serving.start(server.run)
                    self._hub.subscribe(server)
                for service in self._services:
                    await serving.start(service)
            async with anyio.create_task_group() as acquiring:
                if not stop.is_set():
                    for analyser in self._analysers:
                        acquiring.start_soon(analyser.run)
                    acquiring.start_soon(self._publish_diagnostics)
                task_status.started()
                await stop.wait()
                acquiring.cancel_scope.cancel()
            stamp = self._clock.stamp()
            for analyser in self._analysers:
                analyser.freshness.stop(stamp)
                for counters in analyser.counters:
                    self._hub.publish(counters.stop(stamp))
                if analyser.actions is not None:
                    self._hub.publish(analyser.actions.stop(stamp))
            await anyio.sleep(_LAST_WORD_S)
            serving.cancel_scope.cancel()

    async def _publish_diagnostics(self) -> None:
        due = self._clock.monotonic_ns()
        while True:
            stamp = self._clock.stamp()
            for analyser in self._analysers:
                for counters in analyser.counters:
                    self._hub.publish(counters.project(stamp))
            due = max(due + round(_DIAGNOSTICS_S * 1e9), self._clock.monotonic_ns())
            await self._clock.sleep_until(due)


async def _cancel_when_set(stop: anyio.Event, starting: anyio.CancelScope) -> None:
    """A gateway that is told to stop while it starts does not start first."""
    await stop.wait()
    starting.cancel()
