"""PVs about the gateway itself: names, units and meanings of the iocStats module (iocAdminSoft.db), as far as they fit.

Left out are those that stand for parts of an IOC that a gateway does not have, and SYSRESET: no client restarts it.
"""

from __future__ import annotations

from gateway.adapters.epics_ca.settings import StatisticsSettings
from gateway.model.points import PointSpec, ValueKind


def _number(name: str, description: str, unit: str = "", *, precision: int = 0, most: float = 0.0) -> PointSpec:
    """An ai record, as in iocStats, even where only whole numbers occur."""
    display_range = (0.0, most) if most else None
    return PointSpec((name,), ValueKind.FLOAT, description, unit=unit, precision=precision, display_range=display_range)


def _text(name: str, description: str) -> PointSpec:
    return PointSpec((name,), ValueKind.TEXT, description)


STATISTICS: tuple[PointSpec, ...] = (
    _number("HEARTBEAT", "Counts up once a second"),
    _text("UPTIME", "Time since the server started"),
    _text("STARTTOD", "Start of the server, local time"),
    _text("TOD", "Local time"),
    _number("CA_CLNT_CNT", "Connected Channel Access clients"),
    _number("CA_CONN_CNT", "Channels of all clients"),
    _number("CA_DROP_CNT", "Events that slow clients missed"),
    _number("CA_REFUSE_CNT", "Refused to clients, by limits or as malformed"),
    _number("RECORD_CNT", "Records served, aliases not counted"),
    _number("MEM_USED", "Memory of the gateway", "byte"),
    _number("MEM_FREE", "Memory that is free on the host", "byte"),
    _number("MEM_MAX", "Memory of the host", "byte"),
    _number("FD_CNT", "Open file descriptors of the gateway"),
    _number("FD_FREE", "File descriptors it may still open"),
    _number("FD_MAX", "File descriptors it may have open"),
    _number("IOC_CPU_LOAD", "Gateway, share of all processors", "%", precision=1, most=100.0),
    _number("SYS_CPU_LOAD", "Host, share of all processors", "%", precision=1, most=100.0),
    _number("CPU_CNT", "Processors"),
    _number("PROCESS_ID", "Process of the gateway"),
    _number("PARENT_ID", "Its parent process"),
    _text("HOSTNAME", "Name of the host"),
    _text("KERNEL_VERS", "Operating system"),
    _text("EPICS_VERS", "Channel Access engine"),
    _text("GATEWAY_VERS", "Version of the gateway"),
    _text("ENGINEER", "Who looks after the gateway"),
    _text("LOCATION", "Where it stands"),
)
"""In the order of the listing; the path has one part, the name behind the prefix."""


def statistic_names(settings: StatisticsSettings) -> list[str]:
    """PV names of `STATISTICS`; none where the settings do not ask for them."""
    return [f"{settings.prefix}{point.path[0]}" for point in STATISTICS] if settings.prefix else []
