"""The record of a point: which kind of it serves which point."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.adapters.epics_ca.group_values import Alarms, GroupValues
from gateway.adapters.epics_ca.records import (
    DEFAULT_ALARMS,
    AnalogRecord,
    BinaryRecord,
    IntegerRecord,
    Record,
    TextRecord,
    epics_time,
)
from gateway.adapters.epics_ca.waveform_records import WaveformRecord
from gateway.model.points import PointSpec, ValueKind

_RECORD: dict[ValueKind, type[Record]] = {
    ValueKind.FLOAT: AnalogRecord,
    ValueKind.INTEGER: IntegerRecord,
    ValueKind.BOOLEAN: BinaryRecord,
    ValueKind.TEXT: TextRecord,
}


def make_records(names: Sequence[str], points: Sequence[PointSpec], started_us: int, alarms: Alarms) -> list[Record]:
    """The records for the points of one group, waiting for their first values."""
    values = GroupValues(points, alarms, epics_time(started_us))
    return [
        (_RECORD[point.kind] if point.length is None else WaveformRecord)(name, point, values, index)
        for index, (name, point) in enumerate(zip(names, points, strict=True))
    ]


def make_record(name: str, point: PointSpec, started_us: int, alarms: Alarms = DEFAULT_ALARMS) -> Record:
    """The record for a point that is a group of its own, waiting for its first value."""
    (record,) = make_records([name], [point], started_us, alarms)
    return record
