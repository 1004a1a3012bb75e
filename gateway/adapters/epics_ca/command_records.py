"""Records that clients may write: each put goes to whoever minds the command, and changes nothing by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from caproto import AccessRights

from gateway.adapters.epics_ca.encoding import STRING_SIZE, Display, Native
from gateway.adapters.epics_ca.group_values import GroupValues
from gateway.adapters.epics_ca.put_request import number, numbers, whole_number
from gateway.adapters.epics_ca.record_shapes import REQUEST
from gateway.adapters.epics_ca.records import (
    DEFAULT_ALARMS,
    AnalogRecord,
    BinaryRecord,
    IntegerRecord,
    Record,
    epics_time,
)
from gateway.adapters.epics_ca.waveform_records import WaveformRecord
from gateway.model.actions import ArgumentValue
from gateway.model.asker import Asker
from gateway.model.points import PointSpec, ValueKind
from gateway.model.quality import State
from gateway.model.value import EMPTY_ARRAY

Job = Callable[[], Awaitable[None]]
"""What a put has set going; it raises `PutRefusedError` if it comes to nothing."""

Put = Callable[[ArgumentValue, Asker], Job | None]
"""Takes a put: value and who writes. Raises `PutRefusedError`; returns None if nothing is left to do."""


class CommandRecord(Record):
    """A PV that takes puts. It is never in alarm; its time stamp is that of its last put or change.

    Args:
        name: PV name.
        point: What it is for.
        put: Where puts go.
        started_us: Time stamp until the first put, in microseconds since 1970.
    """

    is_command = True
    idle: ArgumentValue = 0
    """What it shows while nothing is armed."""

    def __init__(self, name: str, point: PointSpec, put: Put, started_us: int) -> None:
        super().__init__(name, point, GroupValues((point,), DEFAULT_ALARMS, epics_time(started_us)), 0)
        self._put = put
        self.show(self.idle, State.GOOD, *epics_time(started_us))

    def check_access(self, hostname: str | None, username: str | None) -> AccessRights:  # noqa: ARG002  same for all
        """Everybody may try: who is allowed to is known only when an action is asked for."""
        return AccessRights.READ | AccessRights.WRITE

    def put(self, dbr_type: int, count: int, data: bytes, asker: Asker) -> Job | None:
        """Take a put; returns what is to be waited for before its callback.

        Raises:
            PutRefusedError: It cannot be used.
        """
        return self._put(self.taken(dbr_type, count, data), asker)

    def taken(self, dbr_type: int, count: int, data: bytes) -> ArgumentValue:
        """What a put says.

        Raises:
            PutRefusedError: It cannot be understood.
        """
        return whole_number(dbr_type, count, data, self.display.states)

    @property
    def largest_put(self) -> int:
        """Bytes of the largest payload that makes sense."""
        return STRING_SIZE * int(self.max_length)


class WholeNumberRecord(CommandRecord, IntegerRecord):
    """The command of an action with a whole number as its argument, which is the value."""

    record_type = "longout"
    native = Native.LONG


class NumberRecord(CommandRecord, AnalogRecord):
    """The command of an action with a number as its argument."""

    record_type = "ao"

    def taken(self, dbr_type: int, count: int, data: bytes) -> ArgumentValue:
        """See `CommandRecord.taken`."""
        return number(dbr_type, count, data)


class ArrayRecord(CommandRecord, WaveformRecord):
    """The command of an action with an array of numbers as its argument."""

    idle = EMPTY_ARRAY

    def taken(self, dbr_type: int, count: int, data: bytes) -> ArgumentValue:
        """See `CommandRecord.taken`."""
        return numbers(dbr_type, count, data, self.max_length)


def argument_record(point: PointSpec) -> type[CommandRecord]:
    """Which record is the command of an action with that argument."""
    if point.length is not None:
        return ArrayRecord
    return NumberRecord if point.kind is ValueKind.FLOAT else WholeNumberRecord


class RequestRecord(CommandRecord, BinaryRecord):
    """The command of an action without arguments."""

    record_type = "bo"
    accepts = frozenset({int})

    @staticmethod
    def display_of(point: PointSpec) -> Display:  # noqa: ARG004  all are alike
        """Names of the two states."""
        return REQUEST


class ConfirmRecord(CommandRecord, BinaryRecord):
    """The second step of every action: Yes carries out what is armed, No disarms."""

    record_type = "bo"
    accepts = frozenset({int})
