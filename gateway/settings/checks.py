"""Everything that types alone do not show, over the whole file."""

from __future__ import annotations

import re

from gateway.settings.action_checks import check_actions
from gateway.settings.adapter_checks import check_logins, check_ports, check_served_names
from gateway.settings.analyser_checks import check_analysers
from gateway.settings.bus_checks import check_buses
from gateway.settings.draft import Draft
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problems
from gateway.settings.quality_checks import check_quality
from gateway.settings.time_budget import BusBudget, bus_budgets, check_budgets

NAME_PATTERN = "[A-Za-z][A-Za-z0-9_-]*"

_NAME = re.compile(NAME_PATTERN)
_EXAMPLES = {
    "buses": "add one, such as 'line1: {link: /dev/ttyUSB0, protocol: modbus-rtu}'",
    "analysers": "add one, such as 'stack1: {driver: servomex4100, bus: line1, ...}'",
    "adapters": "add one, such as 'opcua: {port: 4840}'",
}


def check_draft(draft: Draft, problems: Problems) -> tuple[BusBudget, ...]:
    """Add all errors and warnings to `problems`; returns the time budgets of the buses."""
    names_are_right = _check_names(draft, problems)
    check_buses(draft, problems)
    described = check_actions(draft, check_analysers(draft, problems), problems)
    check_quality(draft, problems)
    check_ports(draft, problems)
    check_logins(draft, problems)
    if names_are_right and draft.analysers and described.keys() == draft.analysers.keys():
        check_served_names(draft, described, problems)
    budgets = bus_budgets(draft)
    check_budgets(budgets, problems)
    return budgets


def _check_names(draft: Draft, problems: Problems) -> bool:
    if draft.buses is None and ("buses",) not in problems.positions and not _needs_no_bus(draft):
        problems.error((), "the file has no 'buses'", "add 'buses: ...' (wires, by name)")
    right = draft.site is not None and _check_name(("site",), draft.site, "site", problems)
    for section, members in (("buses", draft.buses), ("analysers", draft.analysers), ("adapters", draft.adapters)):
        if section == "buses" and not members and _needs_no_bus(draft):
            continue
        if members is None:
            continue
        if not members:
            problems.error((section,), f"{section} is empty, so there is nothing to serve", _EXAMPLES[section])
        for name in members if section != "adapters" else ():
            right = _check_name((section, name), name, f"a name under {section}", problems) and right
    return right


def _needs_no_bus(draft: Draft) -> bool:
    """Whether no analyser names a bus; one that is not even text has been reported."""
    entries = (draft.analysers or {}).values()
    return bool(entries) and not any(entry.bus for entry in entries)


def _check_name(path: KeyPath, name: str, subject: str, problems: Problems) -> bool:
    if _NAME.fullmatch(name):
        return True
    problems.error(
        path,
        f"{subject} must be letters, digits, '_' and '-', beginning with a letter, got '{name}'",
        "choose such a name; words for people go into description",
    )
    return False
