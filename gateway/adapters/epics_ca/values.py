"""What a PV or one of its fields shows: caproto channel data that nobody can write, encoded by the gateway.

caproto's own write path flaps latched alarms and rejects readings beyond the control limits. The gateway has decided
value and state before they get here, so they come in through `GroupValues` and never through `write`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from struct import Struct
from typing import NoReturn, Protocol, cast

from caproto import AccessRights, CAStatus, ChannelData, ChannelType, Forbidden

from gateway.adapters.epics_ca.encoding import (
    CLASS_NAME,
    ELEMENT_SIZE,
    LAYOUT,
    LONG_STRING_SIZE,
    STRING_SIZE,
    STSACK_STRING,
    Condition,
    Display,
    Native,
    NotConvertibleError,
    fixed,
    head,
)
from gateway.adapters.epics_ca.group_values import GroupValues
from gateway.adapters.epics_ca.row_form import RowForm

NORMAL: int = CAStatus.ECA_NORMAL.value.code_with_severity
GET_FAILED: int = CAStatus.ECA_GETFAIL.value.code_with_severity
EVENT_HEADER = Struct(">HHHHI")
"""Header of an event (CA_PROTO_EVENT_ADD) up to the subscription id: command, size, type, count, status."""

EVENT_ADD = 1
"""Command of an event (CA_PROTO_EVENT_ADD)."""

_ACKNOWLEDGE = Struct(">hhHH")

Body = bytes | memoryview
"""Metadata and value of a message; what many clients get is one buffer for all of them."""


class Listener(Protocol):
    """One subscription of one client."""

    @property
    def mask(self) -> int:
        """DBE bits that the client asked for."""
        ...

    def tell(self, header: bytes, body: Body, transition: int) -> None:
        """Take one event.

        Args:
            header: Up to the subscription id.
            body: Metadata and value.
            transition: The new severity where the alarm has changed, else -1.
        """
        ...


@dataclass(frozen=True, slots=True)
class Packing:
    """How a value goes into rows.

    Attributes:
        values: Of its group.
        index: Its place in it.
        form: Of the rows.
    """

    values: GroupValues
    index: int
    form: RowForm


class ReadOnlyValue(ChannelData):
    """A value that clients read and monitor.

    Args:
        display: Metadata that stay.
        record_type: RTYP of the record.
    """

    native = Native.DOUBLE
    security_level = 1
    """Access security level: 0 for the value of a record, 1 for its fields."""

    def __init__(self, display: Display, record_type: str) -> None:
        self.data_type = ChannelType(self.native)
        super().__init__(value=0, timestamp=(0, 0), max_subscription_backlog=1, reported_record_type=record_type)
        self.display = display
        self.listeners: dict[tuple[int, int], dict[Listener, Listener]] = {}

    @property
    @abstractmethod
    def condition(self) -> Condition:
        """Alarm and time of now; those of a field are those of its record."""

    @abstractmethod
    def encoded(self, native: Native) -> bytes:
        """The value in the native type asked for.

        Raises:
            NotConvertibleError: It has no meaning in that type.
        """

    @property
    def long_string_max_length(self) -> int:
        """Elements of the long-string view (`.VAL$`), the closing NUL included."""
        return LONG_STRING_SIZE

    def capacity(self, dbr_type: int) -> int:
        """Most elements that a client can get in that type."""
        is_text = self.native is Native.STRING
        return LONG_STRING_SIZE if is_text and dbr_type in LAYOUT and LAYOUT[dbr_type][1] is Native.CHAR else 1

    def _parts(self, dbr_type: int) -> tuple[int, bytes, bytes]:
        """CA status, metadata and elements."""
        if dbr_type == CLASS_NAME:
            return NORMAL, b"", fixed(self.reported_record_type, STRING_SIZE)
        begin, native = self.beginning(dbr_type)
        try:
            return NORMAL, begin, self.encoded(native)
        except NotConvertibleError:
            return GET_FAILED, bytes(len(begin)), bytes(ELEMENT_SIZE[native])

    def beginning(self, dbr_type: int) -> tuple[bytes, Native]:
        """Metadata of any DBR type but CLASS_NAME, and the native type of what follows."""
        condition = self.condition
        if dbr_type == STSACK_STRING:
            return _ACKNOWLEDGE.pack(condition.status, condition.severity, 0, condition.severity), Native.STRING
        metadata, native = LAYOUT[dbr_type]
        return head(metadata, native, condition, self.display), native

    def payload(self, dbr_type: int, count: int) -> tuple[int, int, bytes]:
        """The value as one message body, padded to eight bytes.

        Args:
            dbr_type: One of `READABLE_TYPES`.
            count: Elements asked for: filled up with zeros, cut to `capacity`; 0 for as many as there are. A text that
                is cut ends with a zero.

        Returns:
            CA status, number of elements, body. Where the value has no meaning in that type, all zeros and
            ECA_GETFAIL, as EPICS base answers.
        """
        status, begin, elements = self._parts(dbr_type)
        number = 1
        if self.native is Native.STRING:
            limit = self.capacity(dbr_type)
            if limit > 1:
                number = min(count, limit) or len(elements)
                elements = elements[: number - 1].ljust(number, b"\0")
        body = begin + elements
        return status, number, body + bytes(-len(body) % 8)

    def event(self, dbr_type: int, count: int) -> tuple[bytes, Body]:
        """Header up to the subscription id, and body, of an event with the present value."""
        status, number, body = self.payload(dbr_type, count)
        return EVENT_HEADER.pack(EVENT_ADD, len(body), dbr_type, number, status), body

    def packing(self, dbr_type: int) -> Packing | None:  # noqa: ARG002  records look at it
        """How events of that type are packed as rows; None where each is told on its own, by `notify`."""
        return None

    def watch(self) -> None:
        """Somebody listens from now on who has to be told by `notify`."""

    def notify(self, events: int, transition: int = -1) -> None:
        """Tell everyone whose mask meets the DBE bits `events` and who is not told by rows.

        Each DBR type and count is encoded once.

        Args:
            events: DBE bits.
            transition: The new severity where the alarm has changed, else -1.
        """
        for (dbr_type, count), listeners in self.listeners.items():
            if self.packing(dbr_type) is not None:
                continue
            header, body = b"", cast("Body", b"")
            for listener in listeners.values():
                if listener.mask & events:
                    if not header:
                        header, body = self.event(dbr_type, count)
                    listener.tell(header, body, transition)

    def check_access(self, hostname: str | None, username: str | None) -> AccessRights:  # noqa: ARG002  same for all
        """Everybody reads, nobody writes."""
        return AccessRights.READ

    async def write(self, *_value: object, **_metadata: object) -> NoReturn:
        """Nothing is writable, not even from inside.

        Raises:
            Forbidden: Always.
        """
        raise Forbidden("every PV and field is read-only")
