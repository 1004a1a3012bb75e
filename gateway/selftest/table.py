"""Every check, in the order in which they run; a check may rely on what those before it have found out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from gateway.selftest.checks import (
    analyser_clocks,
    analysers,
    buses,
    certificates,
    channels,
    descriptors,
    disk,
    host_clock,
    leftovers,
    names,
    ports,
    running_gateway,
    servers,
    settings,
    versions,
)
from gateway.selftest.finding import Finding
from gateway.selftest.subject import Subject

Check = Callable[[Subject], Awaitable[Sequence[Finding]]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("Settings", settings.check),
    ("Running gateway", running_gateway.check),
    ("Buses", buses.check),
    ("Analysers", analysers.check),
    ("Channels and units", channels.check),
    ("Leftovers of commands", leftovers.check),
    ("Clocks of the analysers", analyser_clocks.check),
    ("Clock of this host", host_clock.check),
    ("Names", names.check),
    ("Ports", ports.check),
    ("Certificates", certificates.check),
    ("Servers, read back", servers.check),
    ("Disk", disk.check),
    ("Open files", descriptors.check),
    ("Versions", versions.check),
)
