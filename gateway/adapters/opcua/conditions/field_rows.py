"""What a field of a condition is: a row of which tables are made (OPC 10000-9 sections 5.2 and 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.conditions.alarm_state import Aspect
from gateway.adapters.opcua.conditions.condition import Condition
from gateway.adapters.opcua.engine.wire_types import english, status_code
from gateway.adapters.opcua.events.event import FieldPath, field_path

_IDS, _T = ObjectIds, ua.VariantType
_DISABLED = ua.Variant(status_code(StatusCodes.BadConditionDisabled), _T.StatusCode)


Read = Callable[[Condition], Any]
"""A value of a condition as it is now, of the type of its row."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field.

    Attributes:
        path: From the condition.
        data_type: DataType of the variable.
        kind: Built-in type on the wire.
        definition: VariableType.
        read: Its value now.
        suspended: Whether a disabled condition does not have it (OPC 10000-9 section 5.5.2).
    """

    path: FieldPath
    data_type: int
    kind: ua.VariantType
    definition: int
    read: Read
    suspended: bool = False

    @property
    def is_property(self) -> bool:
        """Whether its owner has it by HasProperty."""
        return self.definition == _IDS.PropertyType

    def variant(self, condition: Condition) -> ua.Variant:
        """Its value now; for a disabled condition, perhaps the StatusCode that says so."""
        if self.suspended and not condition.alarm.state.enabled:
            return _DISABLED
        return ua.Variant(self.read(condition), self.kind)


_WIRE = {_IDS.UtcTime: _T.DateTime, _IDS.Duration: _T.Double}


def row(path: str, data_type: int, definition: int, read: Read, *, suspended: bool = False) -> FieldRow:
    """A variable of some VariableType; its path is written with slashes."""
    kind = _WIRE.get(data_type) or ua.VariantType(data_type)
    return FieldRow(field_path(*path.split("/")), data_type, kind, definition, read, suspended)


def property_row(path: str, data_type: int, read: Read, *, suspended: bool = False) -> FieldRow:
    """A property."""
    return row(path, data_type, _IDS.PropertyType, read, suspended=suspended)


def moment(aspect: Aspect) -> Read:
    """When an aspect of the alarm last changed."""
    return lambda condition: condition.alarm.times[aspect].utc


def two_state(
    name: str,
    aspect: Aspect,
    names: tuple[str, str],
    is_true: Callable[[Condition], bool],
    effective: Read | None = None,
) -> Iterator[FieldRow]:
    """A TwoStateVariable (OPC 10000-9 section 5.2)."""
    suspended = aspect is not Aspect.ENABLED
    yield row(
        name,
        _IDS.LocalizedText,
        _IDS.TwoStateVariableType,
        lambda condition: english(names[0] if is_true(condition) else names[1]),
        suspended=suspended,
    )
    yield property_row(f"{name}/Id", _IDS.Boolean, is_true, suspended=suspended)
    yield property_row(f"{name}/TransitionTime", _IDS.UtcTime, moment(aspect), suspended=suspended)
    if effective is not None:
        yield property_row(f"{name}/EffectiveDisplayName", _IDS.LocalizedText, effective, suspended=suspended)


def condition_variable(name: str, data_type: int, aspect: Aspect, read: Read) -> Iterator[FieldRow]:
    """A ConditionVariable (OPC 10000-9 section 5.3)."""
    yield row(name, data_type, _IDS.ConditionVariableType, read, suspended=True)
    yield property_row(f"{name}/SourceTimestamp", _IDS.UtcTime, moment(aspect), suspended=True)
