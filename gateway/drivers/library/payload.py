"""From a payload, whatever its shape, to what it says: the one place that knows how the libraries differ.

A payload is one sample, a sequence or a mapping of them, a result with a value or an error, a wide reading, a block, or
plain values by name. Nothing of any library is imported: attributes alone decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from numbers import Number
from typing import Any

from gateway.drivers.library.words import sensor_words, status_words

NAMELESS = "value"
"""What a value is called to which its library gives no name."""
_NO_UNIT = frozenset({"", "?", "unknown", "default", "none"})


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of one device.

    Attributes:
        device: Name of the device, empty where the payload names none.
        name: What the library calls the value; `NAMELESS` where it gives no name.
        value: As the library says it; of a block, the row of samples.
        unit: As the library says it, empty for none.
        words: What else it says of the value, such as `overload` or `channel_error`; empty when all is well.
        monotonic_ns: When it was acquired, by the monotonic clock; None where the payload does not say.
        utc: The same instant, aware; None where the payload does not say.
    """

    device: str
    name: str
    value: object
    unit: str = ""
    words: tuple[str, ...] = ()
    monotonic_ns: int | None = None
    utc: datetime | None = None

    @property
    def full_name(self) -> str:
        """With its device, `oven/CH1`."""
        return f"{self.device}/{self.name}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A device that could not be read.

    Attributes:
        device: Its name, empty where the payload names none.
        error: Why.
    """

    device: str
    error: object


Said = Observation | Failure


def plain(value: object) -> Any:  # noqa: ANN401  whatever the enumeration holds
    """The value behind an enumeration member; anything else as it is."""
    return value.value if isinstance(value, Enum) else value


def what_it_says(payload: object) -> Iterator[Said]:
    """Everything that a payload says, in its order."""
    if isinstance(payload, Mapping):
        for key, item in payload.items():
            name = str(plain(key))
            yield from _plain_value("", name, item) if _is_plain(item) else _of(name, item)
    elif isinstance(payload, list | tuple):
        for item in payload:
            yield from _of("", item)
    elif payload is not None:
        yield from _of("", payload)


def _is_plain(item: object) -> bool:
    """Whether it is a value itself; those of numpy have no dimension."""
    value = plain(item)
    return value is None or isinstance(value, Number | str) or getattr(value, "ndim", None) == 0


def _plain_value(device: str, name: str, item: object) -> Iterator[Said]:
    if plain(item) is not None:
        yield Observation(device, name, plain(item))


def _of(device: str, item: object) -> Iterator[Said]:
    """What a sample, a reading, a block or a result says."""
    if _is_plain(item):
        yield from _plain_value(device, NAMELESS, item)
        return
    if _is_result(item):
        error = getattr(item, "error", None)
        if error is not None or not getattr(item, "ok", True):
            yield Failure(device, error)
        else:
            yield from _of(device, getattr(item, "value", None))
        return
    device = device or _text(item, "device") or _text(item, "task")
    error = getattr(item, "error", None)
    if error is not None:
        yield Failure(device, error)
    elif hasattr(item, "data") and hasattr(item, "block_index"):
        yield from _block(device, item)
    else:
        yield from _sample(device, item)


def _is_result(item: object) -> bool:
    return hasattr(item, "ok") and hasattr(item, "value") and hasattr(item, "error") and _monotonic(item) is None


def _sample(device: str, sample: object) -> Iterator[Said]:
    inner = next((part for name in ("frame", "reading") if (part := getattr(sample, name, None)) is not None), sample)
    readings, values = getattr(inner, "readings", None), getattr(inner, "values", None)
    when = _times(sample, inner)
    if isinstance(readings, Iterable):
        for reading in readings:
            yield _scalar(device, reading, sample, when)
    elif isinstance(values, Mapping):
        yield from _wide(device, inner, values, when)
    elif hasattr(inner, "value"):
        yield _scalar(device, inner, sample, when)


def _scalar(device: str, reading: object, sample: object, when: _When) -> Observation:
    name = _text(reading, "channel") or _text(reading, "parameter") or _text(sample, "channel")
    instance = getattr(reading, "instance", None)
    if name and isinstance(instance, int) and instance != 1:
        name = f"{name}.{instance}"
    value, unit = plain(getattr(reading, "value", None)), _unit(getattr(reading, "unit", None))
    return Observation(device, name or NAMELESS, value, unit, status_words(reading), *when)


def _wide(device: str, reading: object, values: Mapping[object, object], when: _When) -> Iterator[Observation]:
    units, sensors, words = _units(reading), _by_name(getattr(reading, "sensor_status", None)), status_words(reading)
    for name, value in _by_name(values).items():
        yield Observation(
            device, name, plain(value), units.get(name, ""), words + sensor_words(sensors.get(name)), *when
        )


def _block(device: str, block: Any) -> Iterator[Observation]:  # noqa: ANN401  any object with this shape
    units, sensors, when = _units(block), _by_name(getattr(block, "sensor_status", None)), _times(block)
    names = map(str, map(plain, _members(getattr(block, "channels", None))))
    for name, row in zip(names, _members(block.data), strict=False):
        yield Observation(device, name, row, units.get(name, ""), sensor_words(sensors.get(name)), *when)


def _units(reading: object) -> dict[str, str]:
    """Unit of each name in a wide reading: by itself, or in the fields of its format."""
    units = _by_name(getattr(reading, "units", None))
    fields = _members(getattr(getattr(reading, "reading_format", None), "fields", None))
    return {_text(one, "name"): _unit(getattr(one, "unit", None)) for one in fields} | {
        name: _unit(unit) for name, unit in units.items()
    }


def _by_name(things: object) -> dict[str, object]:
    """A mapping with text keys; empty for anything else."""
    return {str(plain(key)): thing for key, thing in things.items()} if isinstance(things, Mapping) else {}


def _members(things: object) -> Iterable[object]:
    """What can be gone through; nothing for anything else."""
    return things if isinstance(things, Iterable) else ()


def _unit(unit: object) -> str:
    text = str(plain(unit)) if unit is not None else ""
    return "" if text.casefold() in _NO_UNIT else text


def _text(item: object, attribute: str) -> str:
    """An attribute as text, empty where it is missing or None."""
    value = plain(getattr(item, attribute, None))
    return "" if value is None else str(value)


_When = tuple[int | None, datetime | None]


def _monotonic(item: object) -> int | None:
    """By the name of the family's contract, or by the older one."""
    for name in ("t_mono_ns", "monotonic_ns"):
        value = getattr(item, name, None)
        if isinstance(value, int):
            return value
    return None


def _times(*items: object) -> _When:
    """When it was acquired: of the first of these that says so."""
    for item in items:
        monotonic_ns = _monotonic(item)
        if monotonic_ns is not None:
            for name in ("t_utc", "received_at"):
                utc = getattr(item, name, None)
                if isinstance(utc, datetime) and utc.tzinfo is not None:
                    return monotonic_ns, utc
            return monotonic_ns, None
    return None, None
