"""What must add up while wires break: counters, traces of crashes, and what a process holds on to."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from gateway.model.bus_health import AddressHealth
from tests.faults.stack import FIRST_ADDRESS, Stack

_SUMMARY = ("scheduled", "samples_emitted", "samples_dropped", "samples_late", "errors", "outages", "reconnects")
_ADDRESS = ("demotions", "probes", "requests", "retries", "timeouts", "damaged", "strays")
_BUS = ("openings", "losses")


class Ledger:
    """Audits the counters of one stack again and again."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before: dict[str, int] = {}

    def audit(self) -> list[str]:
        """What does not add up; empty when all is well."""
        counters = dict(self._counters())
        problems = [
            f"{name} fell from {before} to {counters[name]}"
            for name, before in self._before.items()
            if counters[name] < before
        ]
        self._before = counters
        for number, summary in enumerate(self._stack.summaries):
            accounted = summary.samples_emitted + summary.samples_dropped + summary.samples_late
            if summary.scheduled != accounted:
                problems.append(f"analyser {number}: {summary.scheduled} scheduled, {accounted} accounted for")
            if summary.errors > summary.samples_emitted:
                problems.append(f"analyser {number}: {summary.errors} errors in {summary.samples_emitted} batches")
            if not 0 <= summary.outages - summary.reconnects <= 1:
                problems.append(f"analyser {number}: {summary.outages} outages, {summary.reconnects} reconnects")
        for number, address in enumerate(self._addresses()):
            failed = address.timeouts + address.damaged + sum(address.exceptions.values())
            if failed > address.requests:
                problems.append(f"analyser {number}: {failed} of {address.requests} requests failed")
        return [f"{self._stack.mode}: {problem}" for problem in problems]

    def _counters(self) -> Iterator[tuple[str, int]]:
        for number, summary in enumerate(self._stack.summaries):
            yield from ((f"analyser {number}: {name}", getattr(summary, name)) for name in _SUMMARY)
        for number, address in enumerate(self._addresses()):
            yield from ((f"analyser {number}: {name}", getattr(address, name)) for name in _ADDRESS)
        for bus in self._stack.wires.modbus.values():
            yield from ((name, getattr(bus.health, name)) for name in _BUS)

    def _addresses(self) -> list[AddressHealth]:
        units = range(FIRST_ADDRESS, FIRST_ADDRESS + self._stack.mode.analysers)
        return [bus.address_health(unit) for bus in self._stack.wires.modbus.values() for unit in units]


@contextmanager
def crashes() -> Iterator[list[str]]:
    """Collects what is logged with a traceback: faults of drivers, and what asyncio reports of callbacks and tasks.

    Nobody else gets to see the log meanwhile: thousands of outages fill whatever keeps it.
    """
    seen: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info or record.name == "asyncio":
                seen.append(f"{record.name}: {record.getMessage()} {record.exc_info}")

    collector = Collector()
    loggers = [logging.getLogger(name) for name in ("gateway", "asyncio")]
    for logger in loggers:
        logger.addHandler(collector)
        logger.propagate = False
    try:
        yield seen
    finally:
        for logger in loggers:
            logger.removeHandler(collector)
            logger.propagate = True


@dataclass(frozen=True)
class Footprint:
    """What a process holds on to, after a garbage collection.

    Attributes:
        tasks: Tasks of the running event loop.
        files: Open file descriptors.
        threads: Threads.
        memory_mb: Resident memory.
    """

    tasks: int
    files: int
    threads: int
    memory_mb: float

    @classmethod
    def now(cls) -> Footprint:
        """Take it; to be called inside the event loop."""
        gc.collect()
        process = psutil.Process()
        memory_mb = process.memory_info().rss / 2**20
        return cls(len(asyncio.all_tasks()), process.num_fds(), threading.active_count(), memory_mb)
