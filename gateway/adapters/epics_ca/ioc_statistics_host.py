"""What the operating system tells of the gateway and its host: `proc(5)` of Linux, and what Python knows everywhere."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_KIBI = 1024
_IDLE_COLUMNS = (3, 4)
"""`idle` and `iowait` in the first line of `/proc/stat`."""


@dataclass(frozen=True, slots=True)
class HostReading:
    """One reading; None where the system does not tell.

    Attributes:
        monotonic_s: When it was taken.
        processor_s: Processor time of this process since it began.
        processors: Busy time and all time of all processors of the host since it began, in ticks.
        memory_used: Resident memory of this process, bytes.
        memory_free: Memory of the host that programs could still get, bytes.
        memory_max: Memory of the host, bytes.
        descriptors: Open file descriptors of this process.
        most_descriptors: How many it may have; None for no limit.
    """

    monotonic_s: float
    processor_s: float
    processors: tuple[int, int] | None = None
    memory_used: int | None = None
    memory_free: int | None = None
    memory_max: int | None = None
    descriptors: int | None = None
    most_descriptors: int | None = None


def read_host(proc: Path = _PROC) -> HostReading:
    """Take a reading. Blocks for some tenths of a millisecond.

    Args:
        proc: Where the `proc` file system is.
    """
    memory = _memory(proc)
    return HostReading(
        monotonic_s=time.monotonic(),
        processor_s=time.process_time(),
        processors=_processors(proc),
        memory_used=_resident(proc),
        memory_free=memory.get("MemAvailable"),
        memory_max=memory.get("MemTotal"),
        descriptors=_descriptors(proc),
        most_descriptors=_most_descriptors(),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _processors(proc: Path) -> tuple[int, int] | None:
    words = _text(proc / "stat").partition("\n")[0].split()
    if not words or words[0] != "cpu":
        return None
    times = [int(word) for word in words[1:9]]  # what guests take is in the time of users already
    total = sum(times)
    return total - sum(times[column] for column in _IDLE_COLUMNS), total


def _memory(proc: Path) -> dict[str, int]:
    rows = (line.split() for line in _text(proc / "meminfo").splitlines())
    return {row[0].rstrip(":"): int(row[1]) * _KIBI for row in rows if len(row) == 3 and row[2] == "kB"}


def _resident(proc: Path) -> int | None:
    words = _text(proc / "self" / "statm").split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") if len(words) > 1 else None


def _descriptors(proc: Path) -> int | None:
    try:
        return sum(1 for _ in (proc / "self" / "fd").iterdir()) - 1  # that of the listing itself
    except OSError:
        return None


def _most_descriptors() -> int | None:
    try:
        most = os.sysconf("SC_OPEN_MAX")
    except (AttributeError, ValueError, OSError):
        return None
    return most if most > 0 else None
