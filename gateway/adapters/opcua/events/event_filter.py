"""What a client wants of events: which ones, and which of their fields (EventFilter, OPC 10000-4 section 7.22.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import (
    BadEventFilterInvalid,
    BadFilterNotAllowed,
    BadMonitoredItemFilterUnsupported,
    UaError,
    UaStatusCodeError,
)

# Decoded filters are instances of these classes; some of those in `ua` are subclasses.
from asyncua.ua.uaprotocol_auto import EventFilter as WireFilter

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.event_fields import NULL, FieldOperand, OperandError
from gateway.adapters.opcua.events.event_types import EventTypes
from gateway.adapters.opcua.events.where_clause import MAX_OPERANDS, WhereClause

MAX_SELECT_CLAUSES = 200
"""Fields of one event item; the largest standard AlarmType has 80."""

MAX_WHERE_OPERANDS = MAX_OPERANDS


class EventFilterError(UaStatusCodeError):  # type: ignore[no-untyped-call]  # asyncua notes subclasses by their code
    """BadEventFilterInvalid, with what is wrong.

    Args:
        result: What is wrong with each clause, for the FilterResult of the item.
    """

    def __new__(cls, _result: ua.EventFilterResult) -> Self:
        """One of this very class; asyncua would make one of the class of the StatusCode."""
        return UaError.__new__(cls)

    def __init__(self, result: ua.EventFilterResult) -> None:
        super().__init__(StatusCodes.BadEventFilterInvalid)  # type: ignore[no-untyped-call]
        self.result = result


class EventFilter:
    """One client's filter, checked.

    Args:
        types: EventTypes of the server.
        fields: One per select clause, None for a field that no event can have.
        where: Which events.
    """

    def __init__(self, types: EventTypes, fields: Sequence[FieldOperand | None], where: WhereClause) -> None:
        self._types = types
        self._fields = tuple(fields)
        self._where = where

    @classmethod
    def parse(cls, aspace: AddressSpace, wire: object) -> tuple[EventFilter, ua.EventFilterResult]:
        """Check what a client wrote. A field that no event can have stays null, and the result says why.

        Args:
            aspace: Address space with all its types.
            wire: Filter of a monitored item, as it was decoded.

        Raises:
            UaStatusCodeError: It is no event filter, too large, selects no possible field, or its where clause is
                wrong; where clauses are to blame, it is an `EventFilterError`.
        """
        if wire is None:
            raise BadEventFilterInvalid
        if not isinstance(wire, WireFilter):
            raise BadFilterNotAllowed
        clauses = wire.SelectClauses or []
        elements = [] if wire.WhereClause is None else wire.WhereClause.Elements or []
        operands = sum(len(element.FilterOperands or []) for element in elements)
        if max(len(elements), operands) > MAX_WHERE_OPERANDS or len(clauses) > MAX_SELECT_CLAUSES:
            raise BadMonitoredItemFilterUnsupported
        types = EventTypes.of(aspace)
        result = ua.EventFilterResult()
        fields: list[FieldOperand | None] = []
        for clause in clauses:
            try:
                fields.append(FieldOperand.parse(types, clause))
                result.SelectClauseResults.append(ua.StatusCode())
            except OperandError as error:
                fields.append(None)
                result.SelectClauseResults.append(status_code(error.status))
        where = WhereClause(types, elements)
        result.WhereClauseResult.ElementResults = where.results
        if not any(fields) or not where.is_valid:
            raise EventFilterError(result)
        return cls(types, fields, where), result

    def select(self, event: Event) -> list[ua.Variant] | None:
        """The fields that the client asked for, in its order; None for an event that it does not want."""
        return self.fields(event) if event.unfiltered or self._where.accepts(event) else None

    def fields(self, event: Event) -> list[ua.Variant]:
        """The fields that the client asked for, in its order, of an event that no where clause keeps back."""
        return [NULL if field is None else field.value(self._types, event) for field in self._fields]
