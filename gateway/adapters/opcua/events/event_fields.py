"""Operands that name a field of an event (SimpleAttributeOperand, OPC 10000-4 section 7.7.4.5)."""

from __future__ import annotations

from dataclasses import dataclass

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaprotocol_auto import SimpleAttributeOperand

from gateway.adapters.opcua.engine.index_range import IndexRange, cut, parse_index_range
from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.events.event import Event, FieldPath
from gateway.adapters.opcua.events.event_types import BASE_EVENT_TYPE, CONDITION_TYPE, EventTypes

MAX_PATH = 8
"""Steps from a type to a field; the longest of OPC UA itself has three."""

NULL = ua.Variant(None, ua.VariantType.Null)


class OperandError(Exception):
    """No event can ever have this field.

    Attributes:
        status: StatusCode that says why.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class FieldOperand:
    """One field, as it is picked out of events.

    Attributes:
        kind: Only events of this type and its subtypes have it.
        path: Of the field; None for the ConditionId.
        span: Part wanted of an array or a text, None for all.
    """

    kind: ua.NodeId
    path: FieldPath | None
    span: IndexRange | None

    @classmethod
    def parse(cls, types: EventTypes, operand: SimpleAttributeOperand) -> FieldOperand:
        """Check what a client wrote.

        Raises:
            OperandError: No event can ever have it.
        """
        kind = operand.TypeDefinitionId
        if kind is None or kind.is_null():
            kind = BASE_EVENT_TYPE
        if kind not in types:
            raise OperandError(StatusCodes.BadTypeDefinitionInvalid)
        span = _span(operand.IndexRange)
        steps = operand.BrowsePath or []
        if not steps:
            if operand.AttributeId != AttributeIds.NodeId:
                raise OperandError(StatusCodes.BadAttributeIdInvalid)
            if not types.is_a(kind, CONDITION_TYPE) and not types.is_a(CONDITION_TYPE, kind):
                raise OperandError(StatusCodes.BadNodeIdUnknown)
            return cls(kind, None, span)
        if any(step is None or not step.Name for step in steps):
            raise OperandError(StatusCodes.BadBrowseNameInvalid)
        path = tuple((step.NamespaceIndex, step.Name) for step in steps)
        if len(path) > MAX_PATH or not types.can_have(kind, path):
            raise OperandError(StatusCodes.BadNodeIdUnknown)
        if operand.AttributeId != AttributeIds.Value:
            raise OperandError(StatusCodes.BadAttributeIdInvalid)
        return cls(kind, path, span)

    def value(self, types: EventTypes, event: Event) -> ua.Variant:
        """The field of one event; null where the event has none."""
        if self.kind != BASE_EVENT_TYPE and not types.is_a(event.event_type, self.kind):
            return NULL
        if self.path is None:
            return NULL if event.condition is None else ua.Variant(event.condition, ua.VariantType.NodeId)
        value = event.fields.get(self.path, NULL)
        return value if self.span is None or value.Value is None else _part(value, self.span)


def _span(text: str | None) -> IndexRange | None:
    try:
        return parse_index_range(text) if text else None
    except ServiceError as error:
        raise OperandError(error.code) from error


def _part(value: ua.Variant, span: IndexRange) -> ua.Variant:
    try:
        return cut(value, span)
    except ServiceError as error:
        return ua.Variant(status_code(error.code), ua.VariantType.StatusCode)
