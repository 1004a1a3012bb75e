"""Checks of what is opened to operators and users: actions that exist, and somebody behind each name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from gateway.model.actions import ActionSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.readings import ProtocolKind
from gateway.model.user import NAME_PATTERN, ROLE_ENTRIES
from gateway.ports import ActionDriver
from gateway.settings.analyser_checks import usable_driver
from gateway.settings.draft import Draft, Entry
from gateway.settings.open_actions import open_actions
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problems, nearest
from gateway.settings.user_checks import check_list, check_users

_OPERATOR = re.compile(NAME_PATTERN)


def check_actions(
    draft: Draft, described: Mapping[str, DeviceDescription], problems: Problems
) -> dict[str, DeviceDescription]:
    """Check the operators and what each analyser opens to them; the descriptions, with the actions that are open."""
    _check_operators(draft, problems)
    users = check_users(draft, problems)
    result = {name: replace(description, actions=()) for name, description in described.items()}
    for name, entry in (draft.analysers or {}).items():
        if entry.common is None or not entry.common.actions:
            continue
        path: KeyPath = ("analysers", name, "actions")
        for action, operators in entry.common.actions.items():
            check_list((*path, action), operators, draft, users, problems)
        specs = _specs(path, entry, draft, problems) if name in result else None
        if specs is None:
            continue
        known = [spec.name for spec in specs]
        for action in entry.common.actions:
            if action not in known:
                what = f"analysers.{name}.actions opens '{action}', which driver {entry.driver} does not know"
                problems.error((*path, action), what, nearest(action, known, what="actions"))
        result[name] = replace(result[name], actions=open_actions(specs, entry.common.actions))
    if draft.audit_file is not None and not draft.audit_file.name:
        problems.error(("audit_file",), "audit_file is empty", "write a path, or leave it out")
    return result


def _check_operators(draft: Draft, problems: Problems) -> None:
    used = {
        operator
        for entry in (draft.analysers or {}).values()
        for operators in (entry.common.actions if entry.common else {}).values()
        for operator in operators
    }
    for name, operator in (draft.operators or {}).items():
        path: KeyPath = ("operators", name)
        if not _OPERATOR.fullmatch(name):
            what = f"a name under operators must be letters, digits, '_', '.', '@' and '-', got '{name}'"
            problems.error(path, what, "write the user name of the OPC UA login or of the Channel Access client")
        if operator is None:
            continue
        if operator.password is None and (*path, "password") in problems.positions:
            what = f"operators.{name}.password is empty"
            problems.error((*path, "password"), what, "write '!file path' or ${NAME}, or leave it out")
        elif operator.password is None and operator.hosts is None:
            what = f"operators.{name} has neither password nor hosts, so nobody could be that operator"
            problems.error(path, what, "add 'password: !file path' for OPC UA, or 'hosts: [address]', or both")
        if operator.password is None and name not in used and not ROLE_ENTRIES.keys() & used:
            what = f"operators.{name} may not ask for anything"
            problems.warn(path, what, "name it under the actions of an analyser, or remove it")


def _specs(path: KeyPath, entry: Entry, draft: Draft, problems: Problems) -> tuple[ActionSpec, ...] | None:
    """What the analyser could do; None, with the reason reported, where it cannot do anything."""
    protocol = draft.protocol(entry)
    driver = usable_driver(entry, protocol) if protocol else None
    if protocol is None or driver is None or entry.options is None:
        return None
    if protocol is ProtocolKind.CONTINUOUS:
        what = (
            f"analysers.{path[1]}.actions: on the continuous bus '{entry.bus}' the analyser talks and does not listen"
        )
        problems.error(path, what, "set the analyser and its bus to Modbus, or remove actions")
        return None
    specs = tuple(driver.actions(entry.options, protocol)) if isinstance(driver, ActionDriver) else ()
    if not specs:
        what = f"analysers.{path[1]}.actions: driver {entry.driver} has no actions"
        problems.error(path, what, "remove actions")
        return None
    return specs
