"""Records that clients may write: each put goes to whoever minds the command, and changes nothing by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from caproto import AccessRights

from gateway.adapters.epics_ca.encoding import Display, Native
from gateway.adapters.epics_ca.group_values import GroupValues
from gateway.adapters.epics_ca.put_request import whole_number
from gateway.adapters.epics_ca.record_shapes import REQUEST
from gateway.adapters.epics_ca.records import (
    DEFAULT_ALARMS,
    BinaryRecord,
    IntegerRecord,
    Record,
    epics_time,
)
from gateway.model.asker import Asker
from gateway.model.points import PointSpec
from gateway.model.quality import State

Job = Callable[[], Awaitable[None]]
"""What a put has set going; it raises `PutRefusedError` if it comes to nothing."""

Put = Callable[[int, Asker], Job | None]
"""Takes a put: value and who writes. Raises `PutRefusedError`; returns None if nothing is left to do."""


class CommandRecord(Record):
    """A PV that takes puts. It is never in alarm; its time stamp is that of its last put or change.

    Args:
        name: PV name.
        point: What it is for.
        put: Where puts go.
        started_us: Time stamp until the first put, in microseconds since 1970.
    """

    def __init__(self, name: str, point: PointSpec, put: Put, started_us: int) -> None:
        super().__init__(name, point, GroupValues((point,), DEFAULT_ALARMS, epics_time(started_us)), 0)
        self._put = put
        self.show(0, State.GOOD, *epics_time(started_us))

    def check_access(self, hostname: str | None, username: str | None) -> AccessRights:  # noqa: ARG002  same for all
        """Everybody may try: who is allowed to is known only when an action is asked for."""
        return AccessRights.READ | AccessRights.WRITE

    def put(self, dbr_type: int, count: int, data: bytes, asker: Asker) -> Job | None:
        """Take a put; returns what is to be waited for before its callback.

        Raises:
            PutRefusedError: It cannot be used.
        """
        return self._put(whole_number(dbr_type, count, data, self.display.states), asker)


class ArgumentRecord(CommandRecord, IntegerRecord):
    """The command of an action with an argument: the value is the argument."""

    record_type = "longout"
    native = Native.LONG


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
