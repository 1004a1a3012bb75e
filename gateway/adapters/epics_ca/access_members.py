"""Which PV is in which access security group."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.adapters.epics_ca.access_rules import DEFAULT_GROUP, AccessRules
from gateway.adapters.epics_ca.access_settings import Membership
from gateway.errors import SettingsError
from gateway.ports import ServedName


class AccessMembers:
    """The groups of all PVs.

    Args:
        members: As in the settings; the first that fits decides.
        names: PVs that are served.
    """

    def __init__(self, members: Sequence[Membership] = (), names: Sequence[ServedName] = ()) -> None:
        self._members = members
        self._idle = set(range(len(members)))
        self._groups = {name.name: self._group(name) for name in names}

    def group_of(self, pv: str) -> str:
        """Access security group of a PV."""
        return self._groups.get(pv, DEFAULT_GROUP)

    def check(self, rules: AccessRules) -> None:
        """See whether rules and members fit together.

        Raises:
            SettingsError: A member fits no PV, or a PV is in a group without rules.
        """
        problems = [
            f"epics_ca: access.members[{index}] fits no PV that an earlier one has not taken; correct or remove it"
            for index in sorted(self._idle)
        ]
        example = {group: pv for pv, group in reversed(self._groups.items())}
        problems += [
            f"epics_ca: PV '{pv}' is in access security group {group}, which there is not; "
            f"add '{group}: [{{allow: read}}]' under groups, or ASG({group}) {{RULE(1,READ)}} to the file"
            for group, pv in sorted(example.items())
            if group not in rules.groups
        ]
        if problems:
            keys = [("access", "members") for _ in self._idle] + [("access",) for _ in problems[len(self._idle) :]]
            raise SettingsError(problems, keys)

    def _group(self, name: ServedName) -> str:
        for index, one in enumerate(self._members):
            if one.takes(name):
                self._idle.discard(index)
                return one.group
        return DEFAULT_GROUP
