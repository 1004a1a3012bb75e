"""`$device`, `$rate_hz` and `$package.module:NAME` in the arguments of a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from gateway.drivers.library.settings import LibrarySettings

RATE = "rate_hz"
"""Reference to the rate of the analyser."""

_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_DOTTED = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*"
STEP_NAME = re.compile(_IDENTIFIER)
TARGET = re.compile(rf"{_DOTTED}:{_DOTTED}")
"""`package.module:Class.method`."""


def references(value: object) -> Iterator[str]:
    """Every reference in an argument, at any depth, without its dollar sign."""
    if isinstance(value, str):
        if value.startswith("$") and not value.startswith("$$"):
            yield value[1:]
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolved(value: object, find: Callable[[str], object]) -> object:
    """An argument with its references replaced; lists and mappings are copied, so that no library changes the settings.

    Args:
        value: As the settings have it.
        find: What a reference stands for.
    """
    if isinstance(value, str):
        if value.startswith("$$"):
            return value[1:]
        return find(value[1:]) if value.startswith("$") else value
    if isinstance(value, dict):
        return {key: resolved(item, find) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, find) for item in value]
    return value


def targets(settings: LibrarySettings) -> tuple[str, ...]:
    """Everything that has to be imported, and nothing else ever is: `package.module:NAME`, each once, in order."""
    named: dict[str, None] = {}
    for _, call in settings.calls:
        named[call.call] = None
        named |= dict.fromkeys(name for name in references(call.arguments) if ":" in name)
    return tuple(named)


def packages(settings: LibrarySettings) -> tuple[str, ...]:
    """Top-level packages of the targets, each once, in order."""
    return tuple(dict.fromkeys(re.split(r"[.:]", target, maxsplit=1)[0] for target in targets(settings)))


def load(target: str) -> Any:  # noqa: ANN401  whatever the settings name
    """What a module holds. Blocks, since it imports.

    Raises:
        ImportError: There is no such module.
        AttributeError: The module has no such thing.
    """
    module, _, path = target.partition(":")
    thing: Any = import_module(module)
    for part in path.split("."):
        thing = getattr(thing, part)
    return thing
