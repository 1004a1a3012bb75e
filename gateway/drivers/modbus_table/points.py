"""What clients see of an instrument that is described by its register table."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.drivers.modbus_table.table import FLAGS, RegisterTable
from gateway.model.described_point import DescribedPoint
from gateway.model.meaning import Meaning
from gateway.model.points import PointSpec, ValueKind
from gateway.model.site_builder import CHANNEL_FLAGS, value_point

STATUS = "Status"
FLAG_POINTS = dict(zip(FLAGS, CHANNEL_FLAGS, strict=True))
"""Flag to the name, meaning and description of its point."""

_ANALYSER_TEXTS = {
    "fault": "The analyser reports a fault",
    "maintenance": "The analyser asks for maintenance",
    "calibrating": "The analyser is being calibrated",
    "warming_up": "The analyser is warming up",
    "invalid": "The analyser calls its values invalid",
}


def describe_points(table: RegisterTable) -> Iterator[DescribedPoint]:
    """A value per channel, followed by those flags that the table gives it; at the end the flags of the instrument."""
    for value in table.values:
        yield DescribedPoint(value_point(value.name, value.spec, value.kind), value.name, _stale_s(value.spec.every_s))
        for flag in value.flags:
            name, meaning, text = FLAG_POINTS[flag]
            yield DescribedPoint(PointSpec((value.name, name), ValueKind.BOOLEAN, text, meaning=meaning))
    for flag in table.flags:
        name, meaning, text = FLAG_POINTS[flag]
        own = meaning if meaning in (Meaning.FAULT, Meaning.MAINTENANCE) else None
        text = _ANALYSER_TEXTS.get(flag, f"{text}, of the analyser")
        yield DescribedPoint(PointSpec((STATUS, name), ValueKind.BOOLEAN, text, meaning=own))


def _stale_s(every_s: float | None) -> float | None:
    """Three missed reads; what is read in every sweep follows the analyser, and what is read once stays."""
    return None if every_s is None else 3 * every_s


def value_path(channel: str) -> str:
    """Browse path of a channel's value."""
    return f"{channel}/Value"


def flag_path(owner: str, flag: str) -> str:
    """Browse path of a flag of a channel, or of `STATUS`."""
    return f"{owner}/{FLAG_POINTS[flag][0]}"
