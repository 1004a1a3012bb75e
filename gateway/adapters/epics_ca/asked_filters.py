"""Channel filters that a client asks for in a name, such as `PV.{"dbnd":{"abs":0.5}}` or `PV.VAL[2:5]`.

They mean what they mean in EPICS base (module database, "Channel Filters"). Filters that need something which is not
here, such as the states that `sync` asks for, are refused: the name is then not found, as in an IOC without them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gateway.adapters.epics_ca.array_slices import AskedSlice
from gateway.adapters.epics_ca.event_gates import Deadband, Decimation, Gate, TagGate

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class AskedFilters:
    """What one name asks for.

    Attributes:
        elements: Elements of an array; None for all.
        gates: Make what lets events pass, in this order, for one monitor.
        now: Whether the time of an event is that of its sending.
    """

    elements: AskedSlice | None = None
    gates: tuple[Callable[[], Gate], ...] = ()
    now: bool = False


NO_FILTERS = AskedFilters()


def split_name(name: str) -> tuple[str, str]:
    """A name without its filters, and the text of those."""
    _record, dot, rest = name.partition(".")
    places = [place for place in (rest.find("{"), rest.find("[")) if dot and place >= 0]
    if not places:
        return name, ""
    cut = len(name) - len(rest) + min(places)
    return name[:cut].removesuffix("."), name[cut:]


@lru_cache(_REMEMBERED)
def asked_filters(text: str) -> AskedFilters:
    """Filters out of the end of a name.

    Raises:
        ValueError: They cannot be understood, or are not to be had here.
    """
    if not text:
        return NO_FILTERS
    elements = None
    if text.startswith("["):
        inside, bracket, text = text[1:].partition("]")
        if not bracket:
            raise ValueError("there is no closing bracket")
        elements = _slice_of(inside)
    content = json.loads(text) if text else {}
    if not isinstance(content, dict):
        raise ValueError("filters are an object in JSON")  # noqa: TRY004  whatever is wrong with a name is one error
    gates: list[Callable[[], Gate]] = []
    for name, options in content.items():
        if not isinstance(options, dict):
            raise ValueError(f"'{name}' needs an object")  # noqa: TRY004
        if name == "arr":
            elements = AskedSlice(*(_whole(options, key, default) for key, default in _ELEMENTS))
        elif name in _GATES:
            gates.append(_GATES[name](options))
        elif name != "ts" or options:
            raise ValueError(f"there is no filter '{name}' with these options")
    return AskedFilters(elements, tuple(gates), "ts" in content)


_ELEMENTS = (("s", 0), ("i", 1), ("e", -1))


def _slice_of(text: str) -> AskedSlice:
    """The short form: `[2]`, `[2:5]`, `[2:2:8]`."""
    parts = [int(part) if part.strip() else None for part in text.split(":")]
    match parts:
        case [int(place)]:
            return AskedSlice(place, 1, place)
        case [first, last]:
            return AskedSlice(first or 0, 1, -1 if last is None else last)
        case [first, step, last]:
            return AskedSlice(first or 0, 1 if step is None else step, -1 if last is None else last)
    raise ValueError(f"'{text}' names no elements")


def _whole(options: Mapping[str, Any], name: str, default: int) -> int:
    return int(_number(options.get(name, default)))


def _number(value: Any) -> float:  # noqa: ANN401  whatever a client has written
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no number")  # noqa: TRY004
    return float(value)


def _deadband(options: Mapping[str, Any]) -> Callable[[], Gate]:
    size, relative = 0.0, False
    for name, value in options.items():
        if name == "m" and value in ("abs", "rel"):
            relative = value == "rel"
        elif name == "d":
            size = _number(value)
        elif name in ("abs", "rel"):
            size, relative = _number(value), name == "rel"
        else:
            raise ValueError(f"'dbnd' has no '{name}' of {value!r}")
    return lambda: Deadband(size, relative=relative)


def _decimation(options: Mapping[str, Any]) -> Callable[[], Gate]:
    every = _whole(options, "n", 0)
    if every < 1 or options.keys() != {"n"}:
        raise ValueError("'dec' needs 'n', 1 or more")
    return lambda: Decimation(every)


def _tag(options: Mapping[str, Any]) -> Callable[[], Gate]:
    if options.keys() - {"M", "V"}:
        raise ValueError("'utag' takes 'M' and 'V'")
    mask, value = _whole(options, "M", -1), _whole(options, "V", 0)
    return lambda: TagGate(mask, value)


_GATES: dict[str, Callable[[Mapping[str, Any]], Callable[[], Gate]]] = {
    "dbnd": _deadband,
    "dec": _decimation,
    "utag": _tag,
}
