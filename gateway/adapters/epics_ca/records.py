"""One record per point, in the shapes that EPICS base has for them: ai, int64in, bi and lsi."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from struct import Struct
from typing import ClassVar

from caproto import SubscriptionType

from gateway.adapters.epics_ca.encoding import (
    Condition,
    Display,
    Native,
    encode_enum,
    encode_number,
    encode_text,
)
from gateway.adapters.epics_ca.fields import Field, make_field
from gateway.adapters.epics_ca.record_shapes import FLAG, RECORD_TYPES, number_display
from gateway.adapters.epics_ca.values import EVENT_HEADER, NORMAL, ReadOnlyValue
from gateway.model.points import PointSpec, Value, ValueKind
from gateway.model.quality import QUALITY, Quality, State

EPICS_EPOCH = 631_152_000
"""Seconds from 1970 to 1990-01-01 UTC, the epoch of EPICS time stamps."""

_VALUE = int(SubscriptionType.DBE_VALUE | SubscriptionType.DBE_LOG)
_ALARM = int(SubscriptionType.DBE_ALARM)
_TIME_DOUBLE = 20
_TIME_DOUBLE_LAYOUT = Struct(">hhII4xd")
_TIME_DOUBLE_HEADER = EVENT_HEADER.pack(1, _TIME_DOUBLE_LAYOUT.size, _TIME_DOUBLE, 1, NORMAL)


Alarms = Mapping[State, tuple[int, int]]
"""State of a point to its STAT and SEVR."""


def alarms_of(quality: Mapping[State, Quality]) -> Alarms:
    """STAT and SEVR of every state, looked up once for all records of a group."""
    return {state: (int(row.status), int(row.severity)) for state, row in quality.items()}


DEFAULT_ALARMS = alarms_of(QUALITY)


def epics_time(unix_us: int) -> tuple[int, int]:
    """Seconds and nanoseconds of the EPICS time stamp; whole microseconds come through exactly.

    Channel Access carries 32 bits of seconds: instants before 1990 show as 1990, those after 2106 wrap as in base.
    """
    seconds, microseconds = divmod(unix_us, 1_000_000)
    if seconds < EPICS_EPOCH:
        return 0, 0
    return (seconds - EPICS_EPOCH) & 0xFFFF_FFFF, microseconds * 1000


class Record(ReadOnlyValue):
    """A PV: it holds the last value, and takes new ones.

    Args:
        name: PV name.
        point: What it shows.
        started_us: Time stamp until the first update, in microseconds since 1970.
        alarms: How its states look.
    """

    record_type: ClassVar[str]
    accepts: ClassVar[frozenset[type]]

    def __init__(self, name: str, point: PointSpec, started_us: int, alarms: Alarms = DEFAULT_ALARMS) -> None:
        self.state = State.WAITING
        self.alarms = alarms
        condition = Condition(*alarms[State.WAITING], *epics_time(started_us))
        super().__init__(condition, self.display_of(point), self.record_type)
        self.name = name
        self.point = point
        self.defined = False
        self.fields: dict[str, Field] = {}

    @staticmethod
    def display_of(point: PointSpec) -> Display:  # noqa: ARG004  the numeric kinds look at it
        """Metadata of the point."""
        return Display()

    @abstractmethod
    def keep(self, value: Value) -> bool:
        """Take a value that is not None; True where clients would see a change."""

    def show(self, value: Value, state: State, seconds: int, nanoseconds: int) -> None:
        """Take what one update says of this point, and tell the monitors; None leaves the last value in place.

        As in EPICS base with MDEL and ADEL 0, monitors of values hear of changes of the value only, monitors of
        alarms of changes of the alarm; whoever reads gets the newest time stamp.
        """
        condition = self.condition
        condition.seconds = seconds
        condition.nanoseconds = nanoseconds
        events = 0
        if state is not self.state:
            self.state = state
            status, severity = self.alarms[state]
            if status != condition.status or severity != condition.severity:
                condition.status = status
                condition.severity = severity
                events = _ALARM
        if value is not None:
            self.defined = True
            if self.keep(value):
                events |= _VALUE
        if events and (self.listeners or self._queues):
            self.notify(events, condition.severity if events & _ALARM else -1)
        if self.fields:
            for field in self.fields.values():
                field.refresh()

    def get_field(self, name: str) -> ReadOnlyValue:
        """A field of the record; made when first asked for, alive from then on.

        Raises:
            KeyError: This type of record has no such field.
        """
        if name == "VAL":
            return self
        field = self.fields.get(name)
        if field is None:
            field = self.fields[name] = make_field(self, name)
        return field


class _NumberRecord(Record):
    number: float = 0.0

    @staticmethod
    def display_of(point: PointSpec) -> Display:
        """Unit, precision and limits."""
        return number_display(point)

    def encoded(self, native: Native) -> bytes:
        """The number in the native type asked for."""
        return encode_number(self.number, native, self.display.precision)

    def event(self, dbr_type: int, count: int) -> tuple[bytes, bytes]:
        """As everywhere, with a short way for what nearly every client asks for."""
        if dbr_type != _TIME_DOUBLE:
            return super().event(dbr_type, count)
        now = self.condition
        return _TIME_DOUBLE_HEADER, _TIME_DOUBLE_LAYOUT.pack(
            now.status, now.severity, now.seconds, now.nanoseconds, self.number
        )


class AnalogRecord(_NumberRecord):
    """A measured value."""

    record_type = RECORD_TYPES[ValueKind.FLOAT]
    accepts = frozenset({float, int})

    def keep(self, value: Value) -> bool:
        """Take a number; NaN after NaN is no change."""
        assert isinstance(value, float | int)  # noqa: S101  the adapter has checked
        number, self.number = self.number, float(value)
        return number != self.number and not (math.isnan(number) and math.isnan(self.number))


class IntegerRecord(_NumberRecord):
    """A counter or a code. Channel Access has no 64-bit integer: as in EPICS base, clients see a double."""

    record_type = RECORD_TYPES[ValueKind.INTEGER]
    accepts = frozenset({int})
    number: int = 0

    def keep(self, value: Value) -> bool:
        """Take an integer of 64 bits."""
        assert isinstance(value, int)  # noqa: S101  the adapter has checked
        number, self.number = self.number, value
        return number != value


class BinaryRecord(Record):
    """A flag."""

    record_type = RECORD_TYPES[ValueKind.BOOLEAN]
    accepts = frozenset({bool})
    native = Native.ENUM
    on = False

    @staticmethod
    def display_of(point: PointSpec) -> Display:  # noqa: ARG004  all flags are alike
        """Names of the two states."""
        return FLAG

    def keep(self, value: Value) -> bool:
        """Take a flag."""
        on, self.on = self.on, bool(value)
        return on is not self.on

    def encoded(self, native: Native) -> bytes:
        """The state in the native type asked for."""
        return encode_enum(int(self.on), native, self.display.states)


class TextRecord(Record):
    """A text: at most 39 bytes of it as a string, up to 255 as a long string (`.VAL$`, or any CHAR type)."""

    record_type = RECORD_TYPES[ValueKind.TEXT]
    accepts = frozenset({str})
    native = Native.STRING
    text = ""

    def keep(self, value: Value) -> bool:
        """Take a text."""
        text, self.text = self.text, str(value)
        return text != self.text

    def encoded(self, native: Native) -> bytes:
        """The text in the native type asked for."""
        return encode_text(self.text, native)


_RECORD: dict[ValueKind, type[Record]] = {
    ValueKind.FLOAT: AnalogRecord,
    ValueKind.INTEGER: IntegerRecord,
    ValueKind.BOOLEAN: BinaryRecord,
    ValueKind.TEXT: TextRecord,
}


def make_record(name: str, point: PointSpec, started_us: int, alarms: Alarms = DEFAULT_ALARMS) -> Record:
    """The record for a point, waiting for its first value."""
    return _RECORD[point.kind](name, point, started_us, alarms)
