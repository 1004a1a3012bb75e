"""Records about the gateway itself, brought up to date once a second."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from anyio import to_thread

from gateway.adapters.epics_ca.ioc_statistics_host import HostReading, read_host
from gateway.adapters.epics_ca.ioc_statistics_points import STATISTICS, statistic_names
from gateway.adapters.epics_ca.record_factory import make_record
from gateway.adapters.epics_ca.records import Record, epics_time
from gateway.adapters.epics_ca.settings import StatisticsSettings
from gateway.model.quality import State
from gateway.model.stamp import Clock, Stamp
from gateway.model.value import Value

_SECOND = 1_000_000_000
_TIME_FORMAT = "%m/%d/%Y %H:%M:%S"
"""That of iocStats."""


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """What the server has to do at this moment.

    Attributes:
        clients: Connected clients.
        channels: Their channels.
        records: Records served, aliases not counted.
        coalesced: Monitor events that slow clients missed since the server started, because newer ones came.
        refused: Circuits, channels, monitors and searches refused since the gateway started; see `refusals`.
    """

    clients: int
    channels: int
    records: int
    coalesced: int = 0
    refused: int = 0


class IocStatistics:
    """The records of `STATISTICS`, if the settings ask for them.

    Args:
        settings: Their prefix, and what they say of people and places.
        load: Asked once a second what the server has to do.
        clock: Time.
        read: Asked once a second in a worker thread what the host says.
    """

    def __init__(
        self,
        settings: StatisticsSettings,
        load: Callable[[], ServerLoad],
        clock: Clock,
        read: Callable[[], HostReading] = read_host,
    ) -> None:
        self._load = load
        self._clock = clock
        self._read = read
        self._settings = settings
        now = clock.stamp().unix_us
        names = statistic_names(settings)
        points = STATISTICS if names else ()
        self._records = {
            point.path[0]: make_record(name, point, now) for name, point in zip(names, points, strict=True)
        }

    @property
    def records(self) -> tuple[Record, ...]:
        """All of them; none where the settings do not ask for them."""
        return tuple(self._records.values())

    async def run(self) -> None:
        """Bring the records up to date on every full second since the start, until cancelled."""
        if not self._records:
            return
        started = self._clock.stamp()
        before = await to_thread.run_sync(self._read)
        self._show(self._lasting(started) | measured(before), started)
        beats = 0
        while True:
            await self._clock.sleep_until(started.monotonic_ns + (beats + 1) * _SECOND)
            reading = await to_thread.run_sync(self._read)
            now = self._clock.stamp()
            elapsed_s = (now.monotonic_ns - started.monotonic_ns) // _SECOND
            beats = max(beats + 1, elapsed_s)  # seconds that a suspended host slept through have no beats
            self._show(self._passing(now, beats, elapsed_s) | measured(reading, before), now)
            before = reading

    def _show(self, values: Mapping[str, Value], now: Stamp) -> None:
        seconds, nanoseconds = epics_time(now.unix_us)
        for name, value in values.items():
            if value is not None:
                self._records[name].show(value, State.GOOD, seconds, nanoseconds)

    def _lasting(self, started: Stamp) -> dict[str, Value]:
        """What stays as long as the server runs, and the first of what does not."""
        return {
            "STARTTOD": _local(started),
            "CPU_CNT": os.cpu_count(),
            "PROCESS_ID": os.getpid(),
            "PARENT_ID": os.getppid(),
            "HOSTNAME": socket.gethostname(),
            "KERNEL_VERS": f"{platform.system()} {platform.release()} {platform.machine()}",
            "EPICS_VERS": f"caproto {version('caproto')}",
            "GATEWAY_VERS": f"analyser-gateway {version('analyser-gateway')}",
            "ENGINEER": self._settings.engineer,
            "LOCATION": self._settings.location,
        } | self._passing(started, 0, 0)

    def _passing(self, now: Stamp, beats: int, elapsed_s: int) -> dict[str, Value]:
        load = self._load()
        return {
            "HEARTBEAT": beats,
            "UPTIME": uptime_text(elapsed_s),
            "TOD": _local(now),
            "CA_CLNT_CNT": load.clients,
            "CA_CONN_CNT": load.channels,
            "CA_DROP_CNT": load.coalesced,
            "CA_REFUSE_CNT": load.refused,
            "RECORD_CNT": load.records,
        }


def measured(reading: HostReading, before: HostReading | None = None) -> dict[str, Value]:
    """Statistics of the host; None for what it does not tell, or not without a reading some time before."""
    free = None
    if reading.descriptors is not None and reading.most_descriptors is not None:
        free = reading.most_descriptors - reading.descriptors
    return {
        "MEM_USED": reading.memory_used,
        "MEM_FREE": reading.memory_free,
        "MEM_MAX": reading.memory_max,
        "FD_CNT": reading.descriptors,
        "FD_FREE": free,
        "FD_MAX": reading.most_descriptors,
        "IOC_CPU_LOAD": None if before is None else _own_share(reading, before),
        "SYS_CPU_LOAD": None if before is None else _host_share(reading, before),
    }


def _own_share(reading: HostReading, before: HostReading) -> float | None:
    elapsed = (reading.monotonic_s - before.monotonic_s) * (os.cpu_count() or 1)
    return 100.0 * (reading.processor_s - before.processor_s) / elapsed if elapsed > 0 else None


def _host_share(reading: HostReading, before: HostReading) -> float | None:
    if reading.processors is None or before.processors is None:
        return None
    busy, total = (now - then for now, then in zip(reading.processors, before.processors, strict=True))
    return 100.0 * busy / total if total > 0 else None


def uptime_text(seconds: int) -> str:
    """`01:02:03`, `1 day, 01:02:03` or `12 days, 01:02:03`, as iocStats writes it."""
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} day{'s' if days > 1 else ''}, {clock}" if days else clock


def _local(stamp: Stamp) -> str:
    return datetime.fromtimestamp(stamp.unix_us / 1e6).astimezone().strftime(_TIME_FORMAT)
