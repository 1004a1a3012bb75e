"""Where clauses of event filters: checked once, then asked for every event (OPC 10000-4 section 7.7).

An element may only lead to later ones, so the elements are worked out from the last to the first, each once: a client
cannot make them refer to each other in a way that grows. Only TRUE lets an event through, FALSE and NULL do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaprotocol_auto import (
    ContentFilterElement,
    ElementOperand,
    FilterOperator,
    LiteralOperand,
    SimpleAttributeOperand,
)

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.event_fields import FieldOperand, OperandError
from gateway.adapters.opcua.events.event_types import EventTypes
from gateway.adapters.opcua.events.filter_operators import OPERATORS, Operand, truth
from gateway.adapters.opcua.events.filter_values import as_boolean

MAX_OPERANDS = 1000
"""Operands of all elements of one where clause."""

_Resolver = Callable[[Event, Sequence[Operand]], Operand]
"""An operand of one element, given the event and the results of all elements so far."""


@dataclass(frozen=True, slots=True)
class _Element:
    operator: FilterOperator
    operands: tuple[_Resolver, ...]


class WhereClause:
    """Which events a client wants. Without elements it wants all of them.

    Args:
        types: EventTypes of the server.
        elements: What the client wrote.

    Attributes:
        results: One for each element.
    """

    def __init__(self, types: EventTypes, elements: Sequence[ContentFilterElement]) -> None:
        self._types = types
        self._elements: list[_Element] = []
        self.results: list[ua.ContentFilterElementResult] = []
        for index, element in enumerate(elements):
            self.results.append(self._parse(index, element, len(elements)))

    @property
    def is_valid(self) -> bool:
        """Whether every element is in order."""
        return all(result.StatusCode.is_good() for result in self.results)

    def accepts(self, event: Event) -> bool:
        """Whether the client wants this event; only a valid clause may be asked."""
        if not self._elements:
            return True
        results: list[Operand] = [None] * len(self._elements)
        for index in range(len(self._elements) - 1, -1, -1):
            element = self._elements[index]
            operands = [resolve(event, results) for resolve in element.operands]
            if element.operator == FilterOperator.OfType:
                results[index] = self._of_type(event, operands[0])
            else:
                results[index] = OPERATORS[element.operator].work(operands)
        return as_boolean(results[0]) is True

    def _of_type(self, event: Event, operand: Operand) -> Operand:
        kind = None if operand is None else operand.Value
        return truth(isinstance(kind, ua.NodeId) and self._types.is_a(event.event_type, kind))

    def _parse(self, index: int, element: ContentFilterElement, count: int) -> ua.ContentFilterElementResult:
        operands = element.FilterOperands or []
        result = ua.ContentFilterElementResult()
        if element.FilterOperator in (FilterOperator.InView, FilterOperator.RelatedTo):
            result.StatusCode = status_code(StatusCodes.BadFilterOperatorUnsupported)
            return result
        fewest, most = 1, 1
        if element.FilterOperator in OPERATORS:
            known = OPERATORS[element.FilterOperator]
            fewest, most = known.fewest, known.most
        elif element.FilterOperator != FilterOperator.OfType:
            result.StatusCode = status_code(StatusCodes.BadFilterOperatorInvalid)
            return result
        if not fewest <= len(operands) <= most:
            result.StatusCode = status_code(StatusCodes.BadFilterOperandCountMismatch)
            return result
        resolvers: list[_Resolver] = []
        for operand in operands:
            try:
                resolvers.append(self._resolver(operand, index, count))
                result.OperandStatusCodes.append(ua.StatusCode())
            except OperandError as error:
                result.OperandStatusCodes.append(status_code(error.status))
                result.StatusCode = status_code(StatusCodes.BadFilterOperandInvalid)
        self._elements.append(_Element(element.FilterOperator, tuple(resolvers)))
        return result

    def _resolver(self, operand: object, index: int, count: int) -> _Resolver:
        if isinstance(operand, LiteralOperand):
            literal = operand.Value
            return lambda _event, _results: literal
        if isinstance(operand, ElementOperand):
            target = operand.Index
            if not index < target < count:
                raise OperandError(StatusCodes.BadFilterOperandInvalid)
            return lambda _event, results: results[target]
        if isinstance(operand, SimpleAttributeOperand):
            field = FieldOperand.parse(self._types, operand)
            return lambda event, _results: field.value(self._types, event)
        raise OperandError(StatusCodes.BadFilterOperandInvalid)  # AttributeOperand may not be used with events
