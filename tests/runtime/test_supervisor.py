"""Servers and acquisition together: start order, the last word, and faults that stay where they are."""

from __future__ import annotations

import anyio
import pytest
from anyio.abc import TaskStatus

from gateway.errors import AdapterError
from gateway.model.diagnostics import COUNTERS
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.update import Update
from gateway.runtime import adapter_runner
from gateway.runtime.adapter_runner import AdapterRunner
from gateway.runtime.diagnostics import CounterProjector
from gateway.runtime.freshness import Freshness
from gateway.runtime.hub import Hub
from gateway.runtime.supervisor import AnalyserRunner, Supervisor
from gateway.streaming import AcquisitionSummary
from gateway.streaming.clock import SystemClock
from tests.runtime.conftest import Recorded, good


class Server(Recorded):
    """An adapter that crashes when told."""

    def __init__(self, log: list[str], *, broken: bool = False, cannot_start: bool = False) -> None:
        super().__init__()
        self.log = log
        self.broken = broken
        self.cannot_start = cannot_start
        self.never_ready = False
        self.crash = anyio.Event()
        self.serving = anyio.Event()
        self.endpoints = ("here",)

    def apply(self, update: Update) -> None:
        super().apply(update)
        if self.broken:
            raise ZeroDivisionError("a bug")

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        if self.never_ready:
            await anyio.sleep_forever()
        if self.crash.is_set():
            raise ZeroDivisionError("a bug at the very start")
        if self.cannot_start:
            raise AdapterError("port 4840 is in use", where="opcua", hint="use another")
        self.log.append("serving")
        self.serving.set()
        task_status.started()
        try:
            await self.crash.wait()
            raise ZeroDivisionError("a bug")
        finally:
            self.log.append("closed")


class Once:
    """Delivers one good batch and waits."""

    def __init__(self, log: list[str], freshness: Freshness) -> None:
        self.log = log
        self.freshness = freshness
        self.delivered = anyio.Event()

    async def run(self) -> None:
        self.log.append("acquiring")
        self.freshness.deliver(good(SystemClock()))
        self.delivered.set()
        await anyio.sleep_forever()


def supervise(
    site: SiteSpec, hub: Hub, freshness: Freshness, log: list[str], *servers: Server
) -> tuple[Supervisor, Once]:
    clock = SystemClock()
    once = Once(log, freshness)
    counters = CounterProjector(site.groups[-1], COUNTERS, AcquisitionSummary(clock.stamp().utc))
    fleet = iter(servers)
    runners = [AdapterRunner(f"server{number}", lambda: next(fleet), hub) for number in range(len(servers))]
    return Supervisor(hub, runners, [AnalyserRunner("stack", once, freshness, [counters])], clock), once


async def test_servers_start_first_and_hear_the_last_word(site: SiteSpec, hub: Hub, freshness: Freshness) -> None:
    log: list[str] = []
    server = Server(log)
    supervisor, once = supervise(site, hub, freshness, log, server)
    stop = anyio.Event()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(supervisor.run, stop)
            await once.delivered.wait()
            stop.set()
    assert log == ["serving", "acquiring", "closed"]
    assert server.states == [State.GOOD, State.STOPPED]
    last = site.groups[-1].index
    assert {update.states[0] for update in server.updates if update.group == last} == {State.GOOD, State.STOPPED}


async def test_a_server_that_cannot_start_ends_the_gateway_before_acquisition(
    site: SiteSpec, hub: Hub, freshness: Freshness
) -> None:
    log: list[str] = []
    supervisor, _ = supervise(site, hub, freshness, log, Server(log, cannot_start=True))
    with pytest.raises(ExceptionGroup) as group:
        await supervisor.run(anyio.Event())
    assert group.group_contains(AdapterError, match="port 4840")
    assert log == []


async def test_a_server_that_crashes_before_it_has_started_ends_the_gateway_too(
    site: SiteSpec, hub: Hub, freshness: Freshness
) -> None:
    server = Server([])
    server.crash.set()
    supervisor, _ = supervise(site, hub, freshness, [], server)
    with anyio.fail_after(5), pytest.raises(ExceptionGroup) as group:
        await supervisor.run(anyio.Event())
    assert group.group_contains(AdapterError, match="cannot start: ZeroDivisionError")


async def test_a_gateway_that_is_told_to_stop_while_it_starts_stops(
    site: SiteSpec, hub: Hub, freshness: Freshness
) -> None:
    log: list[str] = []
    server = Server(log)
    server.never_ready = True
    supervisor, _ = supervise(site, hub, freshness, log, server)
    stop = anyio.Event()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(supervisor.run, stop)
            await anyio.wait_all_tasks_blocked()
            stop.set()
    assert log == []


async def test_a_broken_server_does_not_stop_the_others(
    site: SiteSpec, hub: Hub, freshness: Freshness, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    broken, healthy = Server(log, broken=True), Server(log)
    supervisor, once = supervise(site, hub, freshness, log, broken, healthy)
    stop = anyio.Event()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(supervisor.run, stop)
            await once.delivered.wait()
            stop.set()
    assert healthy.states == [State.GOOD, State.STOPPED]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["server0 cannot take updates"]


async def test_a_crashed_server_starts_again_with_the_last_values(
    site: SiteSpec, hub: Hub, freshness: Freshness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_runner, "_RESTART_S", 0.0)
    log: list[str] = []
    first, second = Server(log), Server(log)
    fleet = iter([first, second])
    runner = AdapterRunner("server", lambda: next(fleet), hub)
    hub.subscribe(runner)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            await tasks.start(lambda *, task_status: runner.run(task_status=task_status))
            freshness.deliver(good(SystemClock()))
            first.crash.set()
            await second.serving.wait()
            freshness.deliver(good(SystemClock(), 2.0))
            tasks.cancel_scope.cancel()
    assert log == ["serving", "closed", "serving", "closed"]
    assert [update.values[0] for update in second.updates] == [1.0, 2.0]
    assert list(second.updates[0].changed) == list(range(len(site.groups[0].points)))
