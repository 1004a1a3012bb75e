"""Everything about one point on one page: what it is, where it comes from, and how it stands now."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from gateway.model.points import PointSpec
from gateway.model.quality import QUALITY, State
from gateway.model.status_codes import StatusClass, status_class
from gateway.runtime.explain import Communication, LivePoint

_WIDTH = 110
_INDENT = 2
_LABEL_WIDTH = 15

Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class What:
    """What a point is.

    Attributes:
        point: `analyser/path`.
        meaning: One line for people.
        type: Natural type.
        unit: Engineering unit, empty for none.
        range: Lowest and highest value expected, None when not known.
        instrument_range: Lowest and highest value that the instrument can show, None when not known.
        limits: Alarm limits that are on, by name, with `hysteresis` and `delay_s` where they are not 0.
        names: Adapter to the name that the point has there.
    """

    point: str
    meaning: str
    type: str
    unit: str
    range: tuple[float, float] | None
    instrument_range: tuple[float, float] | None
    limits: dict[str, float]
    names: dict[str, str]

    @classmethod
    def of(cls, device: str, spec: PointSpec, names: Mapping[str, str]) -> What:
        """From the description of the point and its names."""
        limits = {} if spec.limits is None else asdict(spec.limits)
        off = {"hysteresis": 0, "delay_s": 0}
        return cls(
            f"{device}/{spec.browse_path}",
            spec.description,
            spec.type_name,
            spec.unit,
            spec.display_range,
            spec.instrument_range,
            {name: value for name, value in limits.items() if value not in (None, off.get(name))},
            dict(names),
        )


@dataclass(frozen=True, slots=True)
class WhereFrom:
    """Where a point comes from, as far as the settings say.

    Attributes:
        analyser: Its name, maker, model and description.
        driver: Name of the driver.
        bus: Name of the bus.
        wire: Protocol, link and serial settings.
        requests: Manners towards the analyser; empty for one that talks unasked.
        address: Modbus address, None where there is none.
        origin: Register, frame field or counter, and how it is decoded.
        pace: How often it is renewed, and when it counts as stale.
        flags: Origins of the flags that may decide the state of the point, by path.
    """

    analyser: str
    driver: str
    bus: str
    wire: str
    requests: str
    address: int | None
    origin: str
    pace: str
    flags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it.

    Attributes:
        what: What the point is.
        where_from: Where it comes from.
        now: How it stands; None when no running gateway could be asked.
        unknown: Why `now` is None, empty otherwise.
    """

    what: What
    where_from: WhereFrom
    now: LivePoint | None
    unknown: str = ""


def as_json(explanation: Explanation) -> str:
    """One JSON object with the keys `what`, `where_from`, `now` and `unknown`."""
    return json.dumps(asdict(explanation), indent=2, ensure_ascii=False) + "\n"


def as_text(explanation: Explanation) -> str:
    """A page for people."""
    sections: list[tuple[str, Iterable[Line]]] = [
        ("What it is", _what(explanation.what)),
        ("Where it comes from", _where_from(explanation.where_from)),
    ]
    now = explanation.now
    if now is None:
        sections.append(("Now", [("unknown", explanation.unknown)]))
    else:
        sections.append(("Now", _now(now, explanation.what, explanation.where_from)))
        sections.append(("The analyser now", _analyser(now.communication, now)))
    lines = [explanation.what.point]
    for heading, body in sections:
        lines += ["", heading, *(_laid_out(label, text) for label, text in body if text)]
    return "\n".join(lines) + "\n"


def _laid_out(label: str, text: str) -> str:
    first = " " * _INDENT + label.ljust(_LABEL_WIDTH)
    rest = " " * len(first)
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _what(what: What) -> Iterator[Line]:
    unit = f" {what.unit}" if what.unit else ""
    yield "meaning", what.meaning
    yield "type", what.type
    yield "unit", what.unit
    for label, ends in (("range", what.range), ("instrument", what.instrument_range)):
        yield label, "" if ends is None else f"{ends[0]:g} to {ends[1]:g}{unit}"
    yield "limits", ", ".join(_limit(name, value, unit) for name, value in what.limits.items())
    yield from what.names.items()


def _limit(name: str, value: float, unit: str) -> str:
    return f"delay {value:g} s" if name == "delay_s" else f"{name} {value:g}{unit}"


def _where_from(where: WhereFrom) -> Iterator[Line]:
    yield "analyser", where.analyser
    yield "driver", where.driver
    yield "bus", f"{where.bus}: {where.wire}" if where.bus else ""
    yield "requests", where.requests
    yield "address", "" if where.address is None else str(where.address)
    yield "origin", where.origin
    yield "pace", where.pace


def _now(now: LivePoint, what: What, where: WhereFrom) -> Iterator[Line]:
    keeps_value = status_class(now.status_code) is not StatusClass.BAD
    unit = f" {what.unit}" if what.unit and now.value is not None else ""
    hidden = "" if keeps_value or now.value is None else " (OPC UA shows none: its StatusCode is Bad)"
    yield "value", f"{'none' if now.value is None else now.value}{unit}{hidden}"
    yield "state", f"{now.state}: {QUALITY[State(now.state)].meaning}"
    yield "because", now.reason
    for flag in now.decided_by:
        yield "", f"{flag}: {where.flags.get(flag, '')}"
    yield "since", "" if now.since is None else f"{_moment(now.since)}, {_passed(now.since, now.asked_at)}"
    bits = "" if now.limit_bits == "none" else f", limit bits {now.limit_bits}"
    yield "OPC UA", f"{now.status_name} (0x{now.status_code:08X}){bits}"
    yield "EPICS", f"STAT {now.alarm_status}, SEVR {now.alarm_severity}"
    yield "bytes", now.raw + (f", unit '{now.sent_unit}'" if now.raw else "")
    age = "" if now.age_s is None else f", {_seconds(now.age_s)} ago"
    yield "time stamp", "" if now.stamp is None else f"{_moment(now.stamp)}{age}"
    if now.acquired is not None and now.acquired != now.stamp:
        yield "last good", f"{_moment(now.acquired)}, {_passed(now.acquired, now.asked_at)}"
    yield "latency", "" if now.latency_s is None else f"{now.latency_s * 1000:.1f} ms from request to last byte"
    yield "tick", "" if now.tick is None else str(now.tick)


def _analyser(communication: Communication, now: LivePoint) -> Iterator[Line]:
    since = f"{_moment(communication.since)}, {_passed(communication.since, now.asked_at)}"
    yield "communication", f"{communication.state} since {since}"
    yield "failures", f"{communication.failures} since it last became good"
    if communication.last_failure_at is not None:
        yield "last failure", f"{_moment(communication.last_failure_at)}: {communication.last_failure}"
    for group, values in now.counters.items():
        yield group, ", ".join(f"{name} {_shown(value)}" for name, value in values.items() if value is not None)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M:%S.%f} UTC"


def _passed(iso: str, now: str) -> str:
    return f"{_seconds((datetime.fromisoformat(now) - datetime.fromisoformat(iso)).total_seconds())} ago"


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
