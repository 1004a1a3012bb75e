"""Access security of a running server: the rules as they are at present, and word of when they change."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import AddressValueError, IPv4Address

import anyio
import anyio.to_thread

from gateway.adapters.epics_ca.access_hosts import HostAddresses
from gateway.adapters.epics_ca.access_members import AccessMembers
from gateway.adapters.epics_ca.access_rules import (
    NOTHING,
    AccessRules,
    Addresses,
    Grant,
    Permission,
    judge,
)
from gateway.adapters.epics_ca.access_settings import AccessSettings
from gateway.errors import SettingsError
from gateway.model.access import AccessRecord
from gateway.ports import ServedName

LOOK_S = 1.0
"""Seconds between two looks at the file."""

LOOK_UP_S = 60.0
"""Seconds after which host names are looked up again."""

Note = Callable[[AccessRecord], None]
"""Takes one line for the audit log; never suspends."""

_OPEN = Grant(Permission.WRITE)
_LOG = logging.getLogger(__name__)


class AccessControl:
    """Says what a client may do with a PV. Without settings everybody may read, and try the commands. Blocks.

    Args:
        settings: The `access` key; None if it is left out.
        names: Every PV.

    Raises:
        SettingsError: The file of the rules cannot be used, or the rules do not fit the PVs.
    """

    def __init__(self, settings: AccessSettings | None = None, names: Sequence[ServedName] = ()) -> None:
        self._settings = settings
        self._read = self._mark()
        self._rules = AccessRules() if settings is None else settings.rules()
        self._members = AccessMembers()
        if settings is not None:
            self._members = AccessMembers(settings.members, names)
            self._members.check(self._rules)
        self._hosts = HostAddresses()
        self._addresses: Addresses = {}
        self._complaint = ""
        self.note: Note = _forget
        """Where puts are listed."""

    def group_of(self, pv: str) -> str:
        """Access security group of a PV."""
        return self._members.group_of(pv)

    def grant(self, group: str, level: int, user: str, host: str) -> Grant:
        """What a client may do with the members of a group.

        Args:
            group: Access security group.
            level: Access security level of the field.
            user: As the client claims.
            host: Address of its socket.
        """
        if self._settings is None:
            return _OPEN
        try:
            address = IPv4Address(host)
        except AddressValueError:  # the connection is gone already
            return NOTHING
        return judge(self._rules, self._addresses, group, level, user, address)

    async def prepare(self) -> None:
        """Look up the hosts, in bounded time; until then rules with hosts match nobody."""
        self._addresses = await self._hosts.look_up(self._rules.all_hosts())

    async def follow(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Follow the file and the names of hosts until cancelled.

        Args:
            changed: Awaited whenever somebody may be allowed something else than before.
        """
        if self._settings is None:
            return
        looked_up = anyio.current_time()
        while True:
            await anyio.sleep(LOOK_S)
            rules = await self._reread(self._settings)
            if rules is None and anyio.current_time() - looked_up < LOOK_UP_S:
                continue
            rules = rules or self._rules
            addresses = await self._hosts.look_up(rules.all_hosts())
            looked_up = anyio.current_time()
            if (rules, addresses) != (self._rules, self._addresses):
                self._rules, self._addresses = rules, addresses
                await changed()

    async def _reread(self, settings: AccessSettings) -> AccessRules | None:
        """Rules of a file that has changed; None if it has not, or cannot be used: that is told once."""
        mark = await anyio.to_thread.run_sync(self._mark)
        if mark == self._read:
            return None
        self._read = mark
        try:
            rules = await anyio.to_thread.run_sync(settings.rules)
            self._members.check(rules)
        except SettingsError as error:
            if str(error) != self._complaint:
                _LOG.error("access security: %s; the rules stay as before", error)
            self._complaint = str(error)
            return None
        self._complaint = ""
        _LOG.warning("access security: new rules from %s", settings.file)
        return rules

    def _mark(self) -> object:
        """Something that is different once the file has changed."""
        path = None if self._settings is None else self._settings.file
        if path is None:
            return None
        try:
            status = path.stat()
        except OSError as error:
            return error.errno
        return status.st_mtime_ns, status.st_size, status.st_ino


def _forget(_record: AccessRecord) -> None:
    """Without a desk there is no audit log."""
