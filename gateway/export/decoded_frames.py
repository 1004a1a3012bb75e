"""Decoded frames of a recording as text: JSON lines, CSV, or a table for people.

Each writer yields text as frames come in and holds one frame at a time, so a recording may be of any length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from gateway.export.csv_line import csv_line
from gateway.model.readings import AnalyserFrame, AnalyserStatus, ChannelStatus, Reading

_STATES = ("fault", "maintenance", "calibrating", "warming_up", "invalid")
_GROUPS = range(1, 5)
_ALARMS = range(1, 5)


class FrameRecord(Protocol):
    """One frame of a recording, good or bad."""

    @property
    def number(self) -> int:
        """Count of frames before it."""
        ...

    @property
    def offset(self) -> int:
        """Place of its first byte in the recording."""
        ...

    @property
    def time(self) -> datetime | None:
        """UTC at which its last byte arrived, None when the recording does not say."""
        ...

    @property
    def frame(self) -> AnalyserFrame | None:
        """What it says, None when it is bad."""
        ...

    @property
    def checksum_ok(self) -> bool:
        """Whether its checksum holds."""
        ...

    @property
    def error(self) -> str | None:
        """Why it is bad, None when it is good."""
        ...


def jsonl_text(records: Iterable[FrameRecord]) -> Iterator[str]:
    """One JSON object per frame and line.

    Keys: frame, offset, time (UTC, or null), clock (ISO 8601 without zone, or null), analyser (fault, maintenance,
    groups of calibrating and gas), channels (id, name, value, unit, the five states, alarms), checksum_ok, error.
    `alarms` is a list of four booleans, alarm 1 first. A bad frame has a null analyser and no channels.
    """
    for record in records:
        frame = record.frame
        line = {
            "frame": record.number,
            "offset": record.offset,
            "time": utc_text(record.time) or None,
            "clock": None if frame is None else _clock(frame.analyser) or None,
            "analyser": None if frame is None else _analyser_object(frame.analyser),
            "channels": [] if frame is None else [_channel_object(reading) for reading in frame.readings],
            "checksum_ok": record.checksum_ok,
            "error": record.error,
        }
        yield json.dumps(line, allow_nan=False) + "\n"


def csv_text(records: Iterable[FrameRecord]) -> Iterator[str]:
    """A heading, then one row per channel and frame; a bad frame is one row without channel.

    Booleans read `true` and `false`; what is not known is empty.
    """
    groups = [f"group{number}_{field}" for number in _GROUPS for field in ("calibrating", "gas")]
    alarms = [f"alarm{number}" for number in _ALARMS]
    analyser_columns = ["clock", "analyser_fault", "analyser_maintenance", *groups]
    channel_columns = ["id", "name", "value", "unit", *_STATES, *alarms]
    yield csv_line(["frame", "offset", "time", *analyser_columns, *channel_columns, "checksum_ok", "error"])
    for record in records:
        place, verdict = [record.number, record.offset, utc_text(record.time)], [record.checksum_ok, record.error]
        frame = record.frame
        if frame is None:
            yield csv_line([*place, *[None] * (len(analyser_columns) + len(channel_columns)), *verdict])
            continue
        state = frame.analyser
        group_cells: list[object] = [cell for group in state.groups for cell in (group.calibrating, group.gas)]
        group_cells = (group_cells + [None] * len(groups))[: len(groups)]
        analyser_cells = [_clock(state), state.fault, state.maintenance, *group_cells]
        for reading in frame.readings:
            channel_cells = [reading.channel, reading.name, reading.value, reading.unit, *_states(reading.status)]
            yield csv_line([*place, *analyser_cells, *channel_cells, *reading.status.alarms, *verdict])


def table_text(records: Iterable[FrameRecord]) -> Iterator[str]:
    """A heading per frame, a line per channel, and a count at the end."""
    good = bad = 0
    for record in records:
        frame = record.frame
        arrived = f"  {utc_text(record.time)}" if record.time else ""
        heading = f"frame {record.number}  offset {record.offset}{arrived}"
        if frame is None:
            bad += 1
            yield f"{heading}  BAD: {record.error}\n"
            continue
        good += 1
        state = frame.analyser
        groups = " ".join(f"{'C' if group.calibrating else 'S'}{group.gas}" for group in state.groups)
        flags = [name for name in ("fault", "maintenance") if getattr(state, name)]
        yield f"{heading}  clock {_clock(state) or '-'}  groups {groups}  {', '.join(flags) or 'ok'}\n"
        for reading in frame.readings:
            yield _table_row(reading)
    yield f"{good + bad} frames, {good} good, {bad} bad\n"


FORMATS: dict[str, Callable[[Iterable[FrameRecord]], Iterator[str]]] = {
    "table": table_text,
    "jsonl": jsonl_text,
    "csv": csv_text,
}
"""Writers by the name of their format."""


def utc_text(time: datetime | None) -> str:
    """A UTC time with microseconds, empty for none."""
    return "" if time is None else time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _clock(state: AnalyserStatus) -> str:
    return "" if state.clock is None else state.clock.isoformat()


def _states(status: ChannelStatus) -> list[bool]:
    return [getattr(status, name) for name in _STATES]


def _analyser_object(state: AnalyserStatus) -> dict[str, object]:
    groups = [{"calibrating": group.calibrating, "gas": group.gas} for group in state.groups]
    return {"fault": state.fault, "maintenance": state.maintenance, "groups": groups}


def _channel_object(reading: Reading) -> dict[str, object]:
    return {
        "id": reading.channel,
        "name": reading.name,
        "value": reading.value,
        "unit": reading.unit,
        **dict(zip(_STATES, _states(reading.status), strict=True)),
        "alarms": list(reading.status.alarms),
    }


def _table_row(reading: Reading) -> str:
    flags = [name.replace("_", " ") for name in _STATES if getattr(reading.status, name)]
    flags += [f"alarm {number}" for number, up in enumerate(reading.status.alarms, start=1) if up]
    value = "-" if reading.value is None else str(reading.value)
    name, unit = printable(reading.name) or "-", printable(reading.unit) or "-"
    return f"  {reading.channel:<3} {name:<6}  {value:>12} {unit:<4} {', '.join(flags) or 'ok'}\n"


def printable(text: str) -> str:
    """Control characters, which a display font may hold, must not reach a terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
