"""Access security of EPICS as pure rules: who may read or write the members of an access security group.

The meaning is that of EPICS base (Application Developer's Guide, chapter "Access Security"). What differs is who counts
as the host: here it is always the address of the peer's socket, never the name that the client claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

DEFAULT_GROUP = "DEFAULT"
"""Access security group of whatever is in no other."""

LEVELS = (0, 1)
"""Access security levels: `VAL` of a record has 0, all other fields 1; a rule reaches its own level and lower ones."""

Addresses = Mapping[str, Sequence[IPv4Network]]
"""Host as the rules write it to the addresses behind it; a host that is not known has none."""


_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_NUMERIC = re.compile(r"[0-9./]+")


class Permission(StrEnum):
    """What a rule allows; each includes the ones before it."""

    NONE = "none"
    READ = "read"
    WRITE = "write"

    def includes(self, needed: Permission) -> bool:
        """Whether this permission is at least the other."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = tuple(Permission)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an access security group; it holds for whoever is in all of its lists that are not empty.

    Attributes:
        allow: What it allows. Writing includes reading; `none` allows nothing, and takes nothing away.
        level: 1 for all fields of a PV, 0 for its value alone.
        trapwrite: Mark puts that this rule lets through in the audit log.
        users: Names of groups under `users`, of which the client's user must be in one. The user is what the client
            claims; nothing vouches for it but `hosts`.
        hosts: Names of groups under `hosts`, of which the address of the client must be in one.

    Raises:
        ValueError: There is no such level.
    """

    allow: Permission
    level: int = 1
    trapwrite: bool = False
    users: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level must be 0 or 1, got {self.level}; 1 is for all fields, 0 for the value alone")


@dataclass(frozen=True, slots=True)
class AccessRules:
    """All rules.

    Attributes:
        users: User access groups (UAG): name to users.
        hosts: Host access groups (HAG): name to addresses, networks and host names.
        groups: Access security groups (ASG): name to rules.
    """

    users: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[Rule]] = field(default_factory=dict)

    def all_hosts(self) -> frozenset[str]:
        """Every address, network and host name of the host access groups."""
        return frozenset(host for hosts in self.hosts.values() for host in hosts)


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do with one PV or field.

    Attributes:
        permission: The most that a rule allows.
        trapwrite: Whether the rule that allows it wants puts marked.
        rule: Number of that rule in its group, from 1; 0 for none.
    """

    permission: Permission
    trapwrite: bool = False
    rule: int = 0

    @property
    def may_read(self) -> bool:
        """Whether reads and monitors are allowed."""
        return self.permission.includes(Permission.READ)

    @property
    def may_write(self) -> bool:
        """Whether puts are allowed."""
        return self.permission is Permission.WRITE


NOTHING = Grant(Permission.NONE)


def host_fault(host: str) -> str | None:
    """What is wrong with a host as it is written, with its remedy; None if it can be one."""
    if not _NUMERIC.fullmatch(host):
        named = _HOST_NAME.fullmatch(host)
        return None if named else f"'{host}' is no host; write an address, a network or a host name"
    try:
        IPv4Network(host)
    except ValueError:
        remedy = "write an address such as 192.168.1.20 or a network such as 192.168.1.0/24"
        return f"'{host}' is no IPv4 address or network; {remedy}"
    return None


def judge(rules: AccessRules, addresses: Addresses, group: str, level: int, user: str, host: IPv4Address) -> Grant:
    """What the rules of a group allow to somebody.

    As in EPICS base, the first rule that allows the most decides; a later one counts only if it allows more.

    Args:
        rules: All rules.
        addresses: What stands behind the hosts of the rules at present.
        group: Access security group of the PV; one that has no rules allows nothing.
        level: Access security level of the field.
        user: As the client claims.
        host: Address of its socket.
    """
    grant = NOTHING
    for number, rule in enumerate(rules.groups.get(group, ()), 1):
        if grant.permission.includes(rule.allow) or level > rule.level:
            continue
        if rule.users and not any(user in rules.users[name] for name in rule.users):
            continue
        if rule.hosts and not _is_among(host, rules, addresses, rule.hosts):
            continue
        grant = Grant(rule.allow, rule.trapwrite, number)
    return grant


def _is_among(host: IPv4Address, rules: AccessRules, addresses: Addresses, names: Iterable[str]) -> bool:
    entries = (entry for name in names for entry in rules.hosts[name])
    return any(host in network for entry in entries for network in addresses.get(entry, ()))
