"""One record per point, in the shapes that EPICS base has for them: ai, int64in, bi and lsi."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from struct import Struct
from typing import ClassVar, Protocol, cast
from weakref import WeakValueDictionary

from gateway.adapters.epics_ca.encoding import (
    Condition,
    Display,
    Native,
    as_double,
    encode_enum,
    encode_number,
    encode_text,
)
from gateway.adapters.epics_ca.fields import Field, make_field
from gateway.adapters.epics_ca.group_values import Alarms, EpicsTime, GroupValues
from gateway.adapters.epics_ca.record_shapes import FLAG, RECORD_TYPES, number_display
from gateway.adapters.epics_ca.row_form import row_form
from gateway.adapters.epics_ca.values import EVENT_HEADER, NORMAL, Body, Packing, ReadOnlyValue
from gateway.model.points import PointSpec, ValueKind
from gateway.model.quality import QUALITY, Quality, State
from gateway.model.value import Value

EPICS_EPOCH = 631_152_000
"""Seconds from 1970 to 1990-01-01 UTC, the epoch of EPICS time stamps."""

_TIME_DOUBLE = 20
_TIME_DOUBLE_LAYOUT = Struct(">hhII4xd")
_TIME_DOUBLE_HEADER = EVENT_HEADER.pack(1, _TIME_DOUBLE_LAYOUT.size, _TIME_DOUBLE, 1, NORMAL)


def alarms_of(quality: Mapping[State, Quality]) -> Alarms:
    """STAT and SEVR of every state, looked up once for all records of a group."""
    return {state: (int(row.status), int(row.severity)) for state, row in quality.items()}


DEFAULT_ALARMS = alarms_of(QUALITY)


def epics_time(unix_us: int) -> EpicsTime:
    """Seconds and nanoseconds of the EPICS time stamp; whole microseconds come through exactly.

    Channel Access carries 32 bits of seconds: instants before 1990 show as 1990, those after 2106 wrap as in base.
    """
    seconds, microseconds = divmod(unix_us, 1_000_000)
    if seconds < EPICS_EPOCH:
        return 0, 0
    return (seconds - EPICS_EPOCH) & 0xFFFF_FFFF, microseconds * 1000


class Part(Protocol):
    """What is shown of a record beside its value."""

    def refresh(self, events: int, transition: int) -> None:
        """The record is up to date; see `PointWatcher`."""
        ...


class Record(ReadOnlyValue):
    """A PV: it looks at the value of its point when somebody reads, and is told of updates only while it is watched.

    Args:
        name: PV name.
        point: What it shows.
        values: Of the group of the point.
        index: Place of the point in it.
    """

    record_type: ClassVar[str]
    accepts: ClassVar[frozenset[type]]
    security_level = 0
    is_command = False
    """Whether clients write to it."""

    access_group: str = ""
    """Access security group; empty for DEFAULT, as in EPICS base."""

    def __init__(self, name: str, point: PointSpec, values: GroupValues, index: int) -> None:
        super().__init__(self.display_of(point), self.record_type)
        self.name = name
        self.point = point
        self.values = values
        self.index = index
        self.parts: WeakValueDictionary[Hashable, Part] = WeakValueDictionary()
        """Those that somebody monitors, by name of the field or by slice."""

    @staticmethod
    def display_of(point: PointSpec) -> Display:  # noqa: ARG004  the numeric kinds look at it
        """Metadata of the point."""
        return Display()

    @property
    def alarms(self) -> Alarms:
        """How the states of the point look."""
        return self.values.alarms

    @property
    def condition(self) -> Condition:
        """Alarm and time of now."""
        return self.values.condition(self.index)

    @property
    def state(self) -> State:
        """State of the value."""
        return self.values.state(self.index)

    @property
    def defined(self) -> bool:
        """Whether it has ever had a value."""
        return self.values.is_defined(self.index)

    @property
    def number_of_elements(self) -> int:
        """How many it has now; 1 for all but arrays."""
        return 1

    def show(self, value: Value, state: State, seconds: int, nanoseconds: int) -> None:
        """Take a value for this point alone; None leaves the last one in place."""
        values: list[Value] = [None] * len(self.values)
        states = [state] * len(self.values)
        values[self.index] = value
        self.values.apply(values, states, (self.index,), (seconds, nanoseconds))

    def take(self, events: int, transition: int) -> None:
        """Tell the monitors; see `PointWatcher`.

        As in EPICS base with MDEL and ADEL 0, monitors of values hear of changes of the value only, monitors of
        alarms of changes of the alarm; whoever reads gets the newest time stamp.
        """
        if events:
            self.notify(events, transition)
        for part in list(self.parts.values()):
            part.refresh(events, transition)
        if not (self.parts or any(self.packing(dbr_type) is None for dbr_type, _ in self.listeners)):
            self.values.forget(self.index)

    def watch(self) -> None:
        """Somebody has to be told of every update."""
        self.values.watch(self.index, self)

    def packing(self, dbr_type: int) -> Packing | None:
        """See `ReadOnlyValue.packing`; rows of one are not worth their while."""
        form = row_form(dbr_type) if len(self.values) > 1 else None
        return None if form is None else Packing(self.values, self.index, form)

    def get_field(self, name: str) -> ReadOnlyValue:
        """A field of the record; made when asked for, alive as long as somebody monitors it.

        Raises:
            KeyError: This type of record has no such field.
        """
        if name == "VAL":
            return self
        field = self.parts.get(name)
        if not isinstance(field, Field):
            field = self.parts[name] = make_field(self, name)
            self.watch()
        return field


class _NumberRecord(Record):
    @property
    def number(self) -> float:
        """The value; 0 until there is one."""
        return cast("float", self.values.value(self.index))

    @staticmethod
    def display_of(point: PointSpec) -> Display:
        """Unit, precision and limits."""
        return number_display(point)

    def encoded(self, native: Native) -> bytes:
        """The number in the native type asked for."""
        return encode_number(self.number, native, self.display.precision)

    def event(self, dbr_type: int, count: int) -> tuple[bytes, Body]:
        """As everywhere, with a short way for what nearly every client asks for."""
        if dbr_type != _TIME_DOUBLE:
            return super().event(dbr_type, count)
        now = self.condition
        return _TIME_DOUBLE_HEADER, _TIME_DOUBLE_LAYOUT.pack(
            now.status, now.severity, now.seconds, now.nanoseconds, as_double(self.number)
        )


class AnalogRecord(_NumberRecord):
    """A measured value."""

    record_type = RECORD_TYPES[ValueKind.FLOAT]
    accepts = frozenset({float, int})


class IntegerRecord(_NumberRecord):
    """A counter or a code. Channel Access has no 64-bit integer: as in EPICS base, clients see a double."""

    record_type = RECORD_TYPES[ValueKind.INTEGER]
    accepts = frozenset({int})


class BinaryRecord(Record):
    """A flag."""

    record_type = RECORD_TYPES[ValueKind.BOOLEAN]
    accepts = frozenset({bool})
    native = Native.ENUM

    @staticmethod
    def display_of(point: PointSpec) -> Display:  # noqa: ARG004  all flags are alike
        """Names of the two states."""
        return FLAG

    def encoded(self, native: Native) -> bytes:
        """The state in the native type asked for."""
        return encode_enum(int(bool(self.values.value(self.index))), native, self.display.states)


class TextRecord(Record):
    """A text: at most 39 bytes of it as a string, up to 255 as a long string (`.VAL$`, or any CHAR type)."""

    record_type = RECORD_TYPES[ValueKind.TEXT]
    accepts = frozenset({str})
    native = Native.STRING

    def packing(self, dbr_type: int) -> Packing | None:  # noqa: ARG002  none has a fixed size
        """Texts are told on their own."""
        return None

    def encoded(self, native: Native) -> bytes:
        """The text in the native type asked for."""
        return encode_text(str(self.values.value(self.index)), native)
