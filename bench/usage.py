"""CPU and memory of another process, as the system counts them."""

from __future__ import annotations

import platform
import time

import psutil

_PROCESS_CPU = 2  # CPUCLOCK_SCHED of Linux, see clock_getcpuclockid(3)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, user and system, all threads.

    Linux counts in nanoseconds, which 1,000 changes a second at 1 us each need; other systems in 10 ms.
    """
    if platform.system() == "Linux":
        return time.clock_gettime((~pid << 3) | _PROCESS_CPU)
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6
