"""The `access` key of the `epics_ca` section: access security, written here or in a file of EPICS base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from gateway.adapters.epics_ca.access_file import read_access_file
from gateway.adapters.epics_ca.access_rules import AccessRules, Rule, host_fault
from gateway.errors import SettingsError
from gateway.ports import ServedName

_FILE_KEY = ("access", "file")


@dataclass(frozen=True, slots=True)
class Membership:
    """Which PVs are in one access security group.

    Attributes:
        group: Name of the group.
        pvs: Patterns of PV names, such as `HALL:*:Action:*`; left out, all PVs.
        analysers: Names of analysers; left out, all of them.

    Raises:
        ValueError: It names neither PVs nor analysers.
    """

    group: str
    pvs: tuple[str, ...] = ()
    analysers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.pvs and not self.analysers:
            raise ValueError(f"group '{self.group}' gets no PVs; add pvs or analysers, or give DEFAULT the rules")

    def takes(self, name: ServedName) -> bool:
        """Whether a PV belongs to the group."""
        if self.analysers and name.device not in self.analysers:
            return False
        return not self.pvs or any(fnmatchcase(name.name, pattern) for pattern in self.pvs)


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may read and who may write; commands aside, nothing can be written whatever the rules say.

    Attributes:
        file: Access security file of EPICS base (`.acf`), in place of `users`, `hosts` and `groups`. It is read again
            when it has changed.
        users: User access groups: name to user names, as clients claim them.
        hosts: Host access groups: name to addresses, networks such as `192.168.1.0/24`, and host names, which are
            looked up.
        groups: Access security groups: name to rules, of which each allows something to somebody.
        members: Which PVs are in which group; the first entry that fits decides, and what fits none is in `DEFAULT`.

    Raises:
        ValueError: A field cannot be used.
    """

    file: Path | None = None
    users: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    members: tuple[Membership, ...] = ()

    def __post_init__(self) -> None:
        if self.file is not None:
            for key in ("users", "hosts", "groups"):
                if getattr(self, key):
                    raise ValueError(f"{key} cannot stand beside a file; put it into the file, or remove 'file'")
            return
        if not self.groups:
            raise ValueError("groups must not be empty; write DEFAULT: [{allow: read}], or name a file")
        for name, hosts in self.hosts.items():
            for fault in filter(None, map(host_fault, hosts)):
                raise ValueError(f"hosts: {name}: {fault}")
        for name, rules in self.groups.items():
            for number, rule in enumerate(rules, 1):
                _check_names(f"groups: rule {number} of {name}", "users", rule.users, self.users)
                _check_names(f"groups: rule {number} of {name}", "hosts", rule.hosts, self.hosts)

    def beside(self, folder: Path) -> AccessSettings:
        """The same with the file taken from `folder` if its path is relative."""
        return self if self.file is None else replace(self, file=folder / self.file)

    def rules(self) -> AccessRules:
        """The rules, from the file if there is one. Blocks.

        Raises:
            SettingsError: The file cannot be used.
        """
        if self.file is None:
            lowered = {name: tuple(host.lower() for host in hosts) for name, hosts in self.hosts.items()}
            return AccessRules(self.users, lowered, self.groups)
        try:
            return read_access_file(self.file)
        except SettingsError as error:
            raise SettingsError(error.problems, [_FILE_KEY]) from None


def _check_names(where: str, kind: str, names: Iterable[str], known: Mapping[str, object]) -> None:
    for name in names:
        if name not in known:
            listed = f"the groups there are {', '.join(known)}" if known else f"add it under {kind}"
            raise ValueError(f"{where} names '{name}', which is not under {kind}; {listed}")
