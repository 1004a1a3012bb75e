"""The fields of conditions, which are their variables as well: one table of both (OPC 10000-9 section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.conditions.alarm_kinds import LEVEL_SEVERITIES, ConditionClass
from gateway.adapters.opcua.conditions.alarm_stages import Shelf
from gateway.adapters.opcua.conditions.alarm_state import Aspect
from gateway.adapters.opcua.conditions.condition import Condition
from gateway.adapters.opcua.conditions.field_rows import (
    FieldRow,
    condition_variable,
    moment,
    property_row,
    row,
    two_state,
)
from gateway.adapters.opcua.engine.wire_types import english, standard_node
from gateway.adapters.opcua.events.event import FieldPath
from gateway.model.quality import State

_IDS = ObjectIds

SHELF_STATES = {
    Shelf.UNSHELVED: _IDS.ShelvedStateMachineType_Unshelved,
    Shelf.TIMED: _IDS.ShelvedStateMachineType_TimedShelved,
    Shelf.ONE_SHOT: _IDS.ShelvedStateMachineType_OneShotShelved,
}
_LIMIT_STATES = {
    State.HIGH_HIGH: ("HighHigh", _IDS.ExclusiveLimitStateMachineType_HighHigh),
    State.HIGH: ("High", _IDS.ExclusiveLimitStateMachineType_High),
    State.LOW: ("Low", _IDS.ExclusiveLimitStateMachineType_Low),
    State.LOW_LOW: ("LowLow", _IDS.ExclusiveLimitStateMachineType_LowLow),
}
_CLASSES = {
    ConditionClass.PROCESS: _IDS.ProcessConditionClassType,
    ConditionClass.MAINTENANCE: _IDS.MaintenanceConditionClassType,
    ConditionClass.SYSTEM: _IDS.SystemConditionClassType,
}


def _effective_enabled(condition: Condition) -> ua.LocalizedText:
    state = condition.alarm.state
    if not state.enabled:
        return english("Disabled")
    words = ["Active" if state.stage.active else "Inactive"]
    words += [] if state.stage.acknowledged else ["Unacknowledged"]
    words += [] if state.stage.confirmed else ["Unconfirmed"]
    return english(" | ".join(words))


def _effective_active(condition: Condition) -> ua.LocalizedText:
    state = condition.alarm.state
    words = ["Active" if state.stage.active else "Inactive"]
    if state.stage.active and state.finding.level is not None:
        words.append(_LIMIT_STATES[state.finding.level][0])
    words += [state.shelf.value] if state.is_shelved else []
    return english(" | ".join(words))


def _shelf_transition(condition: Condition) -> tuple[str, ua.NodeId]:
    state = condition.alarm.state
    if state.former_shelf is state.shelf:
        return "", ua.NodeId()
    name = f"{state.former_shelf}To{state.shelf}"
    return name, standard_node(getattr(_IDS, f"ShelvedStateMachineType_{name}"))


def _limit_state(condition: Condition) -> tuple[str, ua.NodeId]:
    level = condition.alarm.state.finding.level
    if level is None or not condition.alarm.state.stage.active:
        return "", ua.NodeId()
    name, identifier = _LIMIT_STATES[level]
    return name, standard_node(identifier)


EVENT_ROWS: tuple[FieldRow, ...] = (
    property_row("EventId", _IDS.ByteString, lambda condition: condition.alarm.event_id or None),
    property_row("EventType", _IDS.NodeId, lambda condition: condition.event_type),
    property_row("SourceNode", _IDS.NodeId, lambda condition: condition.source_id),
    property_row("SourceName", _IDS.String, lambda condition: condition.spec.source),
    property_row("Time", _IDS.UtcTime, lambda condition: condition.alarm.event_at.utc),
    property_row("ReceiveTime", _IDS.UtcTime, lambda condition: condition.received_at.utc),
    property_row("Message", _IDS.LocalizedText, lambda condition: english(condition.alarm.message)),
    property_row("Severity", _IDS.UInt16, lambda condition: condition.alarm.state.finding.severity),
)
"""Fields of every event (OPC 10000-5 section 6.4.2)."""

ALARM_ROWS: tuple[FieldRow, ...] = (
    property_row("ConditionClassId", _IDS.NodeId, lambda one: standard_node(_CLASSES[one.spec.kind.condition_class])),
    property_row(
        "ConditionClassName",
        _IDS.LocalizedText,
        lambda one: english(f"{one.spec.kind.condition_class.value}ConditionClassType"),
    ),
    property_row("ConditionName", _IDS.String, lambda condition: str(condition.spec.name)),
    property_row("BranchId", _IDS.NodeId, lambda _condition: ua.NodeId()),
    property_row("Retain", _IDS.Boolean, lambda condition: condition.alarm.state.retain),
    property_row("SupportsFilteredRetain", _IDS.Boolean, lambda _condition: False),
    *two_state(
        "EnabledState",
        Aspect.ENABLED,
        ("Enabled", "Disabled"),
        lambda condition: condition.alarm.state.enabled,
        _effective_enabled,
    ),
    *condition_variable("Quality", _IDS.StatusCode, Aspect.QUALITY, lambda condition: condition.status),
    *condition_variable(
        "LastSeverity", _IDS.UInt16, Aspect.SEVERITY, lambda condition: condition.alarm.state.last_severity
    ),
    *condition_variable(
        "Comment",
        _IDS.LocalizedText,
        Aspect.COMMENT,
        lambda one: ua.LocalizedText(one.alarm.state.comment.text, one.alarm.state.comment.locale or None),
    ),
    property_row("ClientUserId", _IDS.String, lambda condition: condition.alarm.state.comment.user, suspended=True),
    *two_state(
        "AckedState",
        Aspect.ACKNOWLEDGED,
        ("Acknowledged", "Unacknowledged"),
        lambda condition: condition.alarm.state.stage.acknowledged,
    ),
    *two_state(
        "ConfirmedState",
        Aspect.CONFIRMED,
        ("Confirmed", "Unconfirmed"),
        lambda condition: condition.alarm.state.stage.confirmed,
    ),
    *two_state(
        "ActiveState",
        Aspect.ACTIVE,
        ("Active", "Inactive"),
        lambda condition: condition.alarm.state.stage.active,
        _effective_active,
    ),
    property_row("InputNode", _IDS.NodeId, lambda condition: condition.input_id),
    property_row("SuppressedOrShelved", _IDS.Boolean, lambda one: one.alarm.state.is_shelved, suspended=True),
    property_row("MaxTimeShelved", _IDS.Duration, lambda condition: condition.alarm.max_shelved_ns / 1e6),
    row(
        "ShelvingState/CurrentState",
        _IDS.LocalizedText,
        _IDS.FiniteStateVariableType,
        lambda condition: english(condition.alarm.state.shelf.value),
        suspended=True,
    ),
    property_row(
        "ShelvingState/CurrentState/Id",
        _IDS.NodeId,
        lambda condition: standard_node(SHELF_STATES[condition.alarm.state.shelf]),
        suspended=True,
    ),
    row(
        "ShelvingState/LastTransition",
        _IDS.LocalizedText,
        _IDS.FiniteTransitionVariableType,
        lambda condition: english(_shelf_transition(condition)[0]),
        suspended=True,
    ),
    property_row(
        "ShelvingState/LastTransition/Id",
        _IDS.NodeId,
        lambda condition: _shelf_transition(condition)[1],
        suspended=True,
    ),
    property_row("ShelvingState/LastTransition/TransitionTime", _IDS.UtcTime, moment(Aspect.SHELF), suspended=True),
    property_row("ShelvingState/UnshelveTime", _IDS.Duration, Condition.unshelve_time, suspended=True),
)
"""Fields of every alarm (OPC 10000-9 sections 5.5, 5.7 and 5.8)."""

OFF_NORMAL_ROWS: tuple[FieldRow, ...] = (property_row("NormalState", _IDS.NodeId, lambda _condition: ua.NodeId()),)
"""Beside those, of an OffNormalAlarmType; there is no node that holds the normal state."""

LIMIT_ROWS: tuple[FieldRow, ...] = (
    row(
        "LimitState/CurrentState",
        _IDS.LocalizedText,
        _IDS.FiniteStateVariableType,
        lambda condition: english(_limit_state(condition)[0]),
        suspended=True,
    ),
    property_row(
        "LimitState/CurrentState/Id", _IDS.NodeId, lambda condition: _limit_state(condition)[1], suspended=True
    ),
)
"""Beside those, of an ExclusiveLimitAlarmType, but for the limits themselves."""

_LIMIT_NAMES: Mapping[str, tuple[str, State]] = {
    "HighHigh": ("high_high", State.HIGH_HIGH),
    "High": ("high", State.HIGH),
    "Low": ("low", State.LOW),
    "LowLow": ("low_low", State.LOW_LOW),
}


def _constant(path: str, data_type: int, value: object) -> FieldRow:
    return property_row(path, data_type, lambda _condition: value)


def rows_of(condition: Condition) -> Iterator[FieldRow]:
    """Every field of one condition, those of nested variables after the variable."""
    yield from EVENT_ROWS
    yield from ALARM_ROWS
    limits = condition.spec.limits
    if limits is None:
        yield from OFF_NORMAL_ROWS
        return
    yield from LIMIT_ROWS
    for name, (attribute, level) in _LIMIT_NAMES.items():
        limit: float | None = getattr(limits, attribute)
        if limit is not None:
            yield _constant(f"{name}Limit", _IDS.Double, float(limit))
            yield _constant(f"{name}Deadband", _IDS.Double, float(limits.hysteresis))
            yield _constant(f"Severity{name}", _IDS.UInt16, LEVEL_SEVERITIES[level])
    yield _constant("OnDelay", _IDS.Duration, limits.delay_s * 1000)


def fields_of(condition: Condition) -> Mapping[FieldPath, ua.Variant]:
    """All fields of the event that the condition sends now."""
    return {one.path: one.variant(condition) for one in rows_of(condition)}
