"""How well one Modbus address answers and how busy its wire is: live counters, and the table that makes them points."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.model.diagnostics import Counter
from gateway.model.histogram import Histogram
from gateway.model.points import PointSpec, ValueKind
from gateway.model.stamp import Stamp
from gateway.model.wire_load import WireLoad

_NS_PER_MS = 1e6


class AddressState(StrEnum):
    """How an address is treated; see `gateway.wire.demotion` for what leads from one to the other."""

    UP = "up"
    DEGRADED = "degraded"
    DEMOTED = "demoted"
    PROBING = "probing"


class _ExceptionCount:
    """An attribute of AddressHealth that counts the exceptions of some codes when it is read."""

    def __init__(self, *codes: int) -> None:
        self._codes = codes

    def __get__(self, health: AddressHealth, _owner: type) -> int:
        return sum(health.exceptions.get(code, 0) for code in self._codes)


@dataclass
class AddressHealth:
    """Counters of one address on one bus. The bus is the only writer; everybody may read at any moment.

    Attributes:
        state: How it is treated now.
        demotions: Times it was demoted.
        probes: Short questions whether it is there, while demoted or after an answer went missing.
        requests: Requests sent, repeats and probes included.
        retries: Requests sent again after a failed attempt.
        timeouts: Attempts without any answer.
        damaged: Attempts answered by bytes that were no frame: wrong CRC or LRC, noise, half a frame.
        strays: Frames thrown away: late, from another address, or of another function than asked for.
        exceptions: Modbus exception code to how often it came.
        last_good: When the last good answer arrived, None before the first.
        response_ns: Time from the request to the last byte of each good answer.
        last_raw: Bytes of the last answer, good or bad.
    """

    state: AddressState = AddressState.UP
    demotions: int = 0
    probes: int = 0
    requests: int = 0
    retries: int = 0
    timeouts: int = 0
    damaged: int = 0
    strays: int = 0
    exceptions: dict[int, int] = field(default_factory=dict)
    last_good: Stamp | None = None
    response_ns: Histogram = field(default_factory=Histogram, repr=False)
    last_raw: bytes = b""

    @property
    def last_good_text(self) -> str | None:
        """UTC of the last good answer as ISO 8601, None before the first."""
        return None if self.last_good is None else self.last_good.utc.isoformat(timespec="milliseconds")

    illegal_functions = _ExceptionCount(1)
    illegal_addresses = _ExceptionCount(2)
    illegal_values = _ExceptionCount(3)
    device_failures = _ExceptionCount(4)
    device_busy = _ExceptionCount(5, 6)
    gateway_failures = _ExceptionCount(10, 11)

    @property
    def response_ms_p50(self) -> float:
        """Median response time in ms."""
        return self.response_ns.percentile(0.50) / _NS_PER_MS

    @property
    def response_ms_p99(self) -> float:
        """99th percentile of the response time in ms."""
        return self.response_ns.percentile(0.99) / _NS_PER_MS

    @property
    def response_ms_max(self) -> float:
        """Longest response time in ms."""
        return self.response_ns.maximum / _NS_PER_MS


@dataclass
class BusHealth:
    """Counters of one wire.

    Attributes:
        is_open: Whether it is open now.
        openings: Times it was opened.
        losses: Times it was lost, or could not be opened when it had been open.
        load: How much of its time it is occupied.
    """

    load: WireLoad
    is_open: bool = False
    openings: int = 0
    losses: int = 0


def _row(attribute: str, group: str, name: str, kind: ValueKind, meaning: str, unit: str = "") -> Counter:
    precision = 1 if kind is ValueKind.FLOAT else 0
    return Counter(attribute, PointSpec((group, name), kind, meaning, unit=unit, precision=precision))


_INTEGER, _FLOAT, _TEXT, _FLAG = ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.TEXT, ValueKind.BOOLEAN

ADDRESS_COUNTERS: tuple[Counter, ...] = (
    _row("state.value", "Address", "State", _TEXT, "up, degraded, demoted or probing"),
    _row("demotions", "Address", "Demotions", _INTEGER, "Times it was set aside so that it does not slow the others"),
    _row("probes", "Address", "Probes", _INTEGER, "Short questions whether it is there"),
    _row("requests", "Address", "Requests", _INTEGER, "Requests sent, repeats and probes included"),
    _row("retries", "Address", "Retries", _INTEGER, "Requests sent again after a failed attempt"),
    _row("timeouts", "Address", "Timeouts", _INTEGER, "Attempts without any answer"),
    _row("damaged", "Address", "Damaged", _INTEGER, "Attempts answered by a wrong CRC or LRC, or by noise"),
    _row("strays", "Address", "Strays", _INTEGER, "Frames thrown away: late or from another address"),
    _row("illegal_functions", "Address", "IllegalFunction", _INTEGER, "Modbus exceptions 1"),
    _row("illegal_addresses", "Address", "IllegalDataAddress", _INTEGER, "Modbus exceptions 2"),
    _row("illegal_values", "Address", "IllegalDataValue", _INTEGER, "Modbus exceptions 3"),
    _row("device_failures", "Address", "DeviceFailure", _INTEGER, "Modbus exceptions 4"),
    _row("device_busy", "Address", "DeviceBusy", _INTEGER, "Modbus exceptions 5 and 6"),
    _row(
        "gateway_failures",
        "Address",
        "GatewayFailure",
        _INTEGER,
        "Modbus exceptions 10 and 11: a serial server heard nothing",
    ),
    _row("last_good_text", "Address", "LastGood", _TEXT, "UTC of the last good answer"),
    _row("response_ms_p50", "Address", "ResponseP50", _FLOAT, "Median time from request to answer", "ms"),
    _row("response_ms_p99", "Address", "ResponseP99", _FLOAT, "99th percentile of the same", "ms"),
    _row("response_ms_max", "Address", "ResponseMax", _FLOAT, "Longest time from request to answer", "ms"),
)
"""One row per point of an address; `docs/reference/points.md` is generated from it."""

BUS_COUNTERS: tuple[Counter, ...] = (
    _row("is_open", "Bus", "Open", _FLAG, "Whether the wire is open"),
    _row("openings", "Bus", "Openings", _INTEGER, "Times the wire was opened"),
    _row("losses", "Bus", "Losses", _INTEGER, "Times the wire was lost"),
    _row("load.percent", "Bus", "Load", _FLOAT, "Share of the last minute in which the wire was occupied", "%"),
)
"""One row per point of a wire, shown under each analyser that is on it."""
