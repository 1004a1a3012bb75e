"""Is this host's clock right? Every time stamp comes from it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import anyio

from gateway.selftest.finding import Finding, failed, passed, skipped, warned
from gateway.selftest.subject import Subject

_TIMESYNCD = anyio.Path("/run/systemd/timesync/synchronized")
_FIRST_YEAR, _LAST_YEAR = 2025, 2099
_ANSWER_S = 3.0
_REMEDY = "switch on time synchronisation: `timedatectl set-ntp true`, chrony or ntpd"


async def check(subject: Subject) -> Sequence[Finding]:
    """The year must be plausible; who keeps the clock is asked where there is somebody to ask."""
    now = subject.clock.stamp().utc
    if not _FIRST_YEAR <= now.year <= _LAST_YEAR:
        return [failed(f"this host believes it is {now:%Y-%m-%d %H:%M} UTC", _REMEDY)]
    return [passed(f"it is {now:%Y-%m-%d %H:%M:%S} UTC"), await _synchronised()]


async def _synchronised() -> Finding:
    if await _TIMESYNCD.exists():
        return passed("synchronised, says systemd-timesyncd")
    leap = (await _said("chronyc", "-c", "tracking")).rpartition(",")[2]
    if leap:
        return (
            warned("not synchronised, says chrony", _REMEDY)
            if leap == "Not synchronised"
            else passed("synchronised, says chrony")
        )
    kernel = await _said("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if kernel:
        return (
            passed("synchronised, says the kernel")
            if kernel == "yes"
            else warned("not synchronised, says the kernel", _REMEDY)
        )
    return skipped("whether it is synchronised cannot be told here", "look at the time service of this host")


async def _said(*command: str) -> str:
    """First line of what a program says, empty when it is not there or fails."""
    path = shutil.which(command[0])
    if path is None:
        return ""
    with anyio.move_on_after(_ANSWER_S):
        try:
            done = await anyio.run_process([path, *command[1:]], check=False, stderr=subprocess.DEVNULL)
        except OSError:
            return ""
        return done.stdout.decode(errors="replace").partition("\n")[0].strip() if done.returncode == 0 else ""
    return ""
