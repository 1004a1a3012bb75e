"""What is seen of a gateway under attack: every tick at healthy clients, its counters, its resources and its log."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import psutil
from anyio import to_thread
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from asyncua import Client

from tests.clients.libca import LibcaProcess, connected
from tests.system.conftest import RunningGateway

ROOT = Path(__file__).parents[2]
PATIENCE_S = 40.0
ATTACK_S = 100.0
"""Longest wait for an attack to be done; on a busy machine a thousand connections take their time."""

MOST_MEMORY_MB = 30.0
"""Growth of the gateway's memory that is no leak: buffers of the attack, and arenas of the allocator."""

MOST_REGROWTH_MB = 10.0
MOST_LOG_LINES = 2
"""Lines that an attack may add to the log: somebody is turned away, on either protocol."""

AUDIT = " gateway.audit: "
"""Who is turned away is listed there, within bounds of its own."""

LOOK_S = STALL_S = 0.1
"""Half a period. Who waits for a processor that long between two looks may miss a slot for that reason."""


class Machine:
    """How often this machine had no processor for the gateway, or for this process, which is the analysers.

    An attack that keeps the gateway busy is not seen here: who runs does not wait. Linux counts how long a process that
    could run waited (`/proc/PID/schedstat`, second number, in nanoseconds); elsewhere only sleeps that last too long
    tell of it.

    Args:
        gateway: Process number of the gateway.
        rate_hz: Slots per second of each analyser.

    Attributes:
        lost_s: Seconds of all stalls.
        lost_slots: Slots of one analyser that may have been missed in them.
    """

    def __init__(self, gateway: int, rate_hz: float) -> None:
        self.lost_s = 0.0
        self.lost_slots = 0
        self._rate_hz = rate_hz
        self._waits = [Path(f"/proc/{number}/schedstat") for number in (gateway, os.getpid())]

    async def watch(self) -> None:
        """Look until cancelled."""
        waited_s = self._waited_s()
        while True:
            began = anyio.current_time()
            await anyio.sleep(LOOK_S)
            waited_before_s, waited_s = waited_s, self._waited_s()
            stall_s = max(anyio.current_time() - began - LOOK_S, waited_s - waited_before_s)
            if stall_s > STALL_S:
                self.lost_s += stall_s
                self.lost_slots += math.ceil(stall_s * self._rate_hz)

    def _waited_s(self) -> float:
        try:
            return sum(int(waits.read_text().split()[1]) for waits in self._waits) / 1e9
        except (OSError, IndexError):
            return 0.0


@dataclass
class TickWatch:
    """An asyncua subscription to the Tick of every analyser."""

    ticks: dict[str, list[int]]
    news: anyio.Event = field(default_factory=anyio.Event)

    def datachange_notification(self, node: Any, value: int | None, data: Any) -> None:
        """Called by asyncua. After a failed read the last tick comes again, with another status; it counts as error."""
        if value is not None and data.monitored_item.Value.StatusCode.is_good():
            self.ticks[node.nodeid.Identifier.partition("/")[0]].append(value)
        self.news.set()


class HealthyClients:
    """A libca monitor and an asyncua subscription that want to see every tick of every analyser."""

    def __init__(
        self, names: Sequence[str], libca: LibcaProcess, opcua: Client, watch: TickWatch, subscription_id: int
    ) -> None:
        self.names = names
        self.subscription_id = subscription_id
        self._libca = libca
        self._opcua = opcua
        self._watch = watch

    async def see_ticks(self, count: int) -> None:
        """Wait until both have seen `count` further ticks of every analyser."""
        by_opcua = {name: len(seen) + count for name, seen in self._watch.ticks.items()}
        by_libca = {name: len(await self._libca.events(name, 1)) + count for name in self.names}
        with anyio.fail_after(PATIENCE_S):
            while any(len(self._watch.ticks[name]) < wanted for name, wanted in by_opcua.items()):
                self._watch.news = anyio.Event()
                await self._watch.news.wait()
        for name, wanted in by_libca.items():
            await self._libca.events(name, wanted)

    async def gaps(self) -> list[str]:
        """Where a tick is missing or out of order."""
        found = []
        for name in self.names:
            by_libca = [event["value"] for event in await self._libca.events(name, 1) if event["severity"] == 0]
            for client, seen in (("libca", by_libca), ("asyncua", self._watch.ticks[name])):
                steps = [(before, after) for before, after in pairwise(seen) if after != before + 1]
                found += [f"{name} by {client}: {before} to {after}" for before, after in steps]
        return found

    async def counter(self, counter: str) -> list[float]:
        """One acquisition counter of every analyser by libca; a count must be the same by asyncua."""
        values = [(await self._libca.get(f"T:{name}:Diagnostics:{counter}"))["value"] for name in self.names]
        if counter != "MaxDrift":
            nodes = [self._opcua.get_node(f"ns=2;s={name}/Diagnostics/{counter}") for name in self.names]
            assert [await node.read_value() for node in nodes] == values, counter
        return values


@asynccontextmanager
async def watching(gateway: RunningGateway, names: Sequence[str]) -> AsyncIterator[HealthyClients]:
    """Connect both clients and wait until they see ticks."""
    watch = TickWatch({name: [] for name in names})
    # asyncua gives a connection up on which one read takes longer than its watchdog's interval, by default 1 s.
    patient = Client(gateway.opcua_url, timeout=PATIENCE_S, watchdog_intervall=PATIENCE_S)
    async with connected(gateway.ca_port) as libca, patient as opcua:
        for name in names:
            await libca.ask("monitor", f"T:{name}:Status:Tick", tag=name, format="TIME")
        subscription = await opcua.create_subscription(100, watch)
        nodes = [opcua.get_node(f"ns=2;s={name}/Status/Tick") for name in names]
        await subscription.subscribe_data_change(nodes, queuesize=100, sampling_interval=0)  # every tick, however close
        clients = HealthyClients(names, libca, opcua, watch, subscription.subscription_id)
        await clients.see_ticks(2)
        yield clients


@dataclass(frozen=True)
class Measure:
    """One look at the gateway."""

    late: float
    dropped: float
    errors: float
    max_drift_ms: float
    memory_mb: float
    sockets: int
    log_lines: int
    machine_lost_s: float
    machine_lost_slots: int


@dataclass(frozen=True)
class Scene:
    """A gateway under attack."""

    gateway: RunningGateway
    clients: HealthyClients
    usage: psutil.Process
    machine: Machine

    @property
    def opcua_port(self) -> int:
        return int(self.gateway.opcua_url.rpartition(":")[2].partition("/")[0])

    @property
    def points(self) -> list[str]:
        """Paths of points that change often, and of some that do not."""
        paths = ("I1/Value", "I2/Value", "D1/Value", "I1/Name", "Status/Tick", "Diagnostics/Scheduled")
        return [f"{name}/{path}" for name in self.clients.names for path in paths]

    @property
    def node_ids(self) -> list[str]:
        return [f"ns=2;s={point}" for point in self.points]

    @property
    def pvs(self) -> list[str]:
        return [f"T:{point.removesuffix('/Value').replace('/', ':')}" for point in self.points]

    async def look(self) -> Measure:
        """Measure now; `late`, `dropped` and `errors` of all analysers together."""
        late, dropped, errors = [sum(await self.clients.counter(name)) for name in ("Late", "Dropped", "Errors")]
        drift = max(await self.clients.counter("MaxDrift"))
        memory = await to_thread.run_sync(lambda: self.usage.memory_info().rss / 1e6)
        sockets = await self.sockets()
        lines = sum(AUDIT not in line for line in self.gateway.log)
        lost = self.machine.lost_s, self.machine.lost_slots
        return Measure(late, dropped, errors, drift, memory, sockets, lines, *lost)

    async def sockets(self) -> int:
        """Open sockets of the gateway."""
        return await to_thread.run_sync(lambda: len(self.usage.net_connections("inet")))

    async def until_sockets(self, count: int) -> None:
        """Wait until the gateway has no more sockets open than that."""
        with anyio.fail_after(PATIENCE_S):
            while await self.sockets() > count:  # noqa: ASYNC110  another process, which tells nobody
                await anyio.sleep(0.05)

    @asynccontextmanager
    async def under_attack(self, *tasks: tuple[str, dict[str, Any]]) -> AsyncIterator[tuple[Process, list[Any]]]:
        """Do these tasks of `hostile_process`; afterwards every connection of theirs must end."""
        before = await self.sockets()
        command = [sys.executable, "-m", "tests.northbound.hostile_process", json.dumps(tasks)]
        async with await anyio.open_process(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            try:
                assert process.stdout is not None
                lines = BufferedByteReceiveStream(process.stdout)
                with anyio.fail_after(ATTACK_S):
                    outcomes = json.loads(await lines.receive_until(b"\n", 10_000))
                yield process, outcomes
            finally:
                process.kill()
        await self.until_sockets(before)

    async def judge(
        self, quiet: Measure, before: Measure, rounds: Sequence[Measure], most_log_lines: int = MOST_LOG_LINES
    ) -> None:
        """Between `before` and the last round all was as between `quiet` and `before`, when nobody attacked.

        Slots that passed while the machine had no processor for the gateway or the analysers are not the attack's.
        """
        first, last = rounds[0], rounds[-1]
        print(f"{quiet}\n{before}\n" + "\n".join(map(str, rounds)))
        gaps = await self.clients.gaps()
        assert gaps == [], gaps
        not_ours = len(self.clients.names) * (last.machine_lost_slots - before.machine_lost_slots)
        assert last.late - before.late <= before.late - quiet.late + not_ours, "late because of the attack"
        assert last.errors - before.errors <= not_ours, "failed reads because of the attack"
        assert last.dropped == before.dropped
        assert last.memory_mb - before.memory_mb < MOST_MEMORY_MB
        assert last.memory_mb - first.memory_mb < MOST_REGROWTH_MB
        assert last.sockets == before.sockets
        assert last.log_lines - before.log_lines <= most_log_lines, self.gateway.log
