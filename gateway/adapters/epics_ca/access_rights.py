"""What one client may do with each of its channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from caproto import AccessRights, CAStatus

from gateway.adapters.epics_ca.access_control import AccessControl
from gateway.adapters.epics_ca.access_rules import Grant
from gateway.adapters.epics_ca.command_records import CommandRecord
from gateway.adapters.epics_ca.encoding import LAYOUT, STSACK_STRING, head
from gateway.adapters.epics_ca.put_request import PutRefusedError
from gateway.adapters.epics_ca.values import ReadOnlyValue

_ACKNOWLEDGE_SIZE = 8
_NO_READ_ACCESS: int = CAStatus.ECA_NORDACCESS.value.code_with_severity


@dataclass(slots=True)
class _ChannelRights:
    group: str
    level: int
    is_command: bool
    grant: Grant
    told: AccessRights


class CircuitRights:
    """Remembers what was allowed, and told to the client, on each channel.

    Args:
        control: Who decides.
        host: Address of the client's socket.
    """

    def __init__(self, control: AccessControl, host: str) -> None:
        self._control = control
        self._host = host
        self._user = ""
        self._channels: dict[int, _ChannelRights] = {}
        self._judged: dict[tuple[str, int], Grant] = {}

    @property
    def user(self) -> str:
        """User that the client claims."""
        return self._user

    def claim(self, user: str) -> bool:
        """The client claims to be somebody; True if that is news."""
        news, self._user = user != self._user, user
        return news

    def open(self, sid: int, pv: str, level: int, *, is_command: bool) -> AccessRights:
        """Take a channel; returns what the client is told of it.

        Args:
            sid: The server's number of the channel.
            pv: Name of the record.
            level: Access security level of the record or field.
            is_command: Whether it takes puts at all.
        """
        group = self._control.group_of(pv)
        grant = self._judge(group, level)
        self._channels[sid] = _ChannelRights(group, level, is_command, grant, _told(grant, is_command=is_command))
        return self._channels[sid].told

    def close(self, sid: int) -> None:
        """Let go of a channel."""
        self._channels.pop(sid, None)

    def grant(self, sid: int) -> Grant:
        """What is allowed on a channel."""
        return self._channels[sid].grant

    def group(self, sid: int) -> str:
        """Access security group of the PV behind a channel."""
        return self._channels[sid].group

    def judge_anew(self) -> Iterator[tuple[int, AccessRights]]:
        """Look at all channels again; yields those of which the client must be told something new."""
        self._judged.clear()
        for sid, channel in self._channels.items():
            channel.grant = self._judge(channel.group, channel.level)
            told = _told(channel.grant, is_command=channel.is_command)
            if told != channel.told:
                channel.told = told
                yield sid, told

    def _judge(self, group: str, level: int) -> Grant:
        key = group, level
        if key not in self._judged:
            self._judged[key] = self._control.grant(group, level, self._user, self._host)
        return self._judged[key]


def command_of(value: ReadOnlyValue, grant: Grant, group: str) -> CommandRecord:
    """The command behind a PV, for somebody who may write to it.

    Raises:
        PutRefusedError: It is none, or the rules of its access security group do not allow it.
    """
    if not isinstance(value, CommandRecord):
        raise PutRefusedError(CAStatus.ECA_NOWTACCESS, "this PV is read-only")
    if not grant.may_write:
        raise PutRefusedError(CAStatus.ECA_NOWTACCESS, f"no rule of {group} allows it")
    return value


def nothing_to_read(value: ReadOnlyValue, dbr_type: int, count: int) -> tuple[int, int, bytes]:
    """CA status, number of elements and body in place of a value that may not be read, as from EPICS base: zeros.

    Whoever asks for as many elements as there are gets none, and does not learn how many there are.
    """
    if count == 0:
        size = len(head(*LAYOUT[dbr_type], value.condition, value.display)) if dbr_type in LAYOUT else 0
        size = _ACKNOWLEDGE_SIZE if dbr_type == STSACK_STRING else size
        return _NO_READ_ACCESS, 0, bytes(size + -size % 8)
    _status, number, body = value.payload(dbr_type, count)
    return _NO_READ_ACCESS, number, bytes(len(body))


def _told(grant: Grant, *, is_command: bool) -> AccessRights:
    rights = AccessRights.READ if grant.may_read else AccessRights.NO_ACCESS
    return rights | AccessRights.WRITE if is_command and grant.may_write else rights
