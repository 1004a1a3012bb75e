"""Payloads that stay what they were: read-only mappings and arrays, also after a trip through pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from gateway.daq.errors import DaqValidationError


class FrozenPayload:
    """Base of the frozen payload dataclasses: makes mappings read-only, checks times, and pickles by field."""

    __slots__ = ()

    def _freeze(self) -> None:
        for name, value in self._values().items():
            if isinstance(value, Mapping) and not isinstance(value, MappingProxyType):
                object.__setattr__(self, name, MappingProxyType(dict(value)))
            elif isinstance(value, datetime) and value.utcoffset() != timedelta(0):
                raise DaqValidationError(f"{name} must be an aware UTC time, got {value!r}")

    def _freeze_array(self, name: str, array: NDArray[Any]) -> None:
        if array.flags.writeable:
            array = array.view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def _values(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[object, ...]:
        values = self._values()
        plain = {name: dict(one) if isinstance(one, MappingProxyType) else one for name, one in values.items()}
        return _rebuild, (type(self), plain)


def _rebuild(kind: type[Any], values: dict[str, Any]) -> object:
    return kind(**values)
