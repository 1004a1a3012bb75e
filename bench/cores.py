"""The machine under the bench: which core does what, and how busy the others keep it."""

from __future__ import annotations

import os
import platform


def pin(core: int) -> None:
    """Keep this process on one core; nothing happens where the system or the machine cannot."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def load_average() -> float:
    """Processes that wanted to run during the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def machine() -> str:
    """One line that says what the figures were measured on."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load average {load_average():.2f} at the start"
    )
