"""Checks of the northbound side: the names that will be served, and the ports they are served on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace

from gateway import registry
from gateway.errors import SettingsError
from gateway.model.device_description import DeviceDescription
from gateway.model.site_builder import build_site
from gateway.ports import CheckingKind, GuardedKind
from gateway.settings.draft import Draft
from gateway.settings.positions import KeyPath, key_text
from gateway.settings.problems import Problems, split_message

MOST_NAMES_LISTED = 3
_ANY_HOST = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not bound


def check_served_names(draft: Draft, described: Mapping[str, DeviceDescription], problems: Problems) -> None:
    """Let every adapter name every point, once all analysers can be described."""
    analysers = [
        (name, entry.common.description, replace(described[name], companion_model=entry.common.model))
        for name, entry in (draft.analysers or {}).items()
        if entry.common is not None
    ]
    site = build_site(draft.site or "", analysers)
    for name, options in (draft.adapters or {}).items():
        if options is None:
            continue
        path: KeyPath = ("adapters", name)
        try:
            kind = registry.adapter(name)
            if isinstance(kind, CheckingKind):
                kind.check(site, options)
            served = kind.names(site, options)
        except SettingsError as error:
            _report_names(path, name, error, problems)
            continue
        seen: dict[str, str] = {}
        for one in served:
            point = f"{one.device}.{'.'.join(one.path)}"
            other = seen.setdefault(one.name, point)
            if other != point:
                problems.error(
                    path,
                    f"adapters.{name}: {point} and {other} would both be served as '{one.name}'",
                    "rename one of the analysers or channels",
                )


def _report_names(path: KeyPath, name: str, error: SettingsError, problems: Problems) -> None:
    """One wrong prefix makes every name wrong, so only the first few are listed."""
    for problem, key in list(zip(error.problems, error.keys, strict=True))[:MOST_NAMES_LISTED]:
        what, remedy = split_message(problem.removeprefix(f"{name}: "), "")
        problems.error((*path, *key), f"adapters.{name}: {what}", remedy)
    more = len(error.problems) - MOST_NAMES_LISTED
    if more > 0:
        problems.error(path, f"adapters.{name}: and {more} more names", "they may have the same cause")


def check_logins(draft: Draft, problems: Problems) -> None:
    """Warn of a server that nobody can log in to."""
    passwords = any(one is not None and one.password for one in (draft.operators or {}).values())
    if passwords or draft.users_file is not None:
        return
    for name, options in (draft.adapters or {}).items():
        if options is None:
            continue
        kind = registry.adapter(name)
        if isinstance(kind, GuardedKind) and kind.needs_users(options):
            problems.warn(
                ("adapters", name),
                f"adapters.{name} lets in nobody: it wants users, and there are none",
                "add a users_file, or let everybody look with 'anonymous: observer'",
            )


def _hosts(options: object) -> frozenset[str]:
    """Addresses an adapter listens on; empty for all."""
    hosts = {getattr(options, "host", "") or "", *(getattr(options, "interfaces", None) or ())} - {""}
    return frozenset() if hosts & _ANY_HOST else frozenset(hosts)


def _ports(name: str, options: object) -> list[tuple[KeyPath, int]]:
    if not is_dataclass(options):
        return []
    keys = [field.name for field in fields(options) if field.name == "port" or field.name.endswith("_port")]
    values = [(("adapters", name, key), getattr(options, key)) for key in keys]
    return [(path, value) for path, value in values if isinstance(value, int)]


def check_ports(draft: Draft, problems: Problems) -> None:
    """Check every port for itself and against those of the other adapters."""
    taken: list[tuple[int, frozenset[str], str]] = []
    for name, options in (draft.adapters or {}).items():
        hosts = _hosts(options)
        for path, port in _ports(name, options):
            text = key_text(path)
            if not 0 <= port <= 65535:
                problems.error(path, f"{text} must be 0 to 65535, got {port}", "0 takes a free port")
                continue
            for other_port, other_hosts, other in taken:
                if port == other_port != 0 and (not hosts or not other_hosts or hosts & other_hosts):
                    problems.error(path, f"{text} and {other} are both {port}", "give one of them another port")
            taken.append((port, hosts, text))
