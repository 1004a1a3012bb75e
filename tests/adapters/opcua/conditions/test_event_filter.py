"""Event filters as they come over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import extensionobject_from_binary, extensionobject_to_binary
from asyncua.ua.uaerrors import UaStatusCodeError
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.events.event import Event, field_path
from gateway.adapters.opcua.events.event_filter import (
    MAX_SELECT_CLAUSES,
    MAX_WHERE_OPERANDS,
    EventFilter,
    EventFilterError,
)

F = ua.FilterOperator
T = ua.VariantType
TRUE, FALSE = ua.Variant(True), ua.Variant(False)
NULL = ua.Variant(None, T.Null)
CONDITION = ua.NodeId("stack/Alarms/Failure", 2)

EVENT = Event(
    standard_node(ObjectIds.OffNormalAlarmType),
    ua.NodeId("stack", 2),
    {
        field_path("EventType"): ua.Variant(standard_node(ObjectIds.OffNormalAlarmType), T.NodeId),
        field_path("SourceName"): ua.Variant("stack/I1", T.String),
        field_path("Message"): ua.Variant(ua.LocalizedText("stack: failure", "en"), T.LocalizedText),
        field_path("Severity"): ua.Variant(800, T.UInt16),
        field_path("Time"): ua.Variant(datetime(2026, 1, 1, tzinfo=UTC), T.DateTime),
        field_path("EventId"): ua.Variant(b"\x01\x02\x03\x04", T.ByteString),
        field_path("ActiveState", "Id"): ua.Variant(True, T.Boolean),
        field_path("ClientUserId"): ua.Variant(None, T.String),
    },
    condition=CONDITION,
)


@pytest.fixture(scope="module")
def aspace(standard_aspace: AddressSpace) -> AddressSpace:
    return standard_aspace


def field(*names: str, kind: int = ObjectIds.BaseEventType, **more: Any) -> ua.SimpleAttributeOperand:
    path = [ua.QualifiedName(name, 0) for name in names]
    given = {"TypeDefinitionId": standard_node(kind), "BrowsePath": path, "AttributeId": AttributeIds.Value}
    return ua.SimpleAttributeOperand(**{**given, **more})


CONDITION_ID = field(kind=ObjectIds.ConditionType, AttributeId=AttributeIds.NodeId)


def literal(value: Any, kind: ua.VariantType | None = None) -> ua.LiteralOperand:
    return ua.LiteralOperand(value if isinstance(value, ua.Variant) else ua.Variant(value, kind))


def element(operator: F, *operands: Any) -> ua.ContentFilterElement:
    wrapped = [one if hasattr(one, "data_type") else literal(one) for one in operands]
    return ua.ContentFilterElement(operator, wrapped)


def wired(select: Sequence[Any], *where: ua.ContentFilterElement) -> object:
    """As the server decodes it."""
    filter_ = ua.EventFilter(list(select), ua.ContentFilter(list(where)))
    return extensionobject_from_binary(Buffer(extensionobject_to_binary(filter_)))


def accepted(aspace: AddressSpace, *where: ua.ContentFilterElement, event: Event = EVENT) -> bool:
    return EventFilter.parse(aspace, wired([field("Severity")], *where))[0].select(event) is not None


def test_fields_come_in_the_order_of_the_clauses(aspace: AddressSpace) -> None:
    clauses = [
        field("Severity"),
        CONDITION_ID,
        field("ActiveState", "Id", kind=ObjectIds.AlarmConditionType),
        field("SourceName", IndexRange="0:4"),
        field("EventId", IndexRange="2"),
        field("Severity", IndexRange="0"),
        field("ShelvingState", "CurrentState", "Id"),
        field("HighLimit", kind=ObjectIds.LimitAlarmType),
    ]
    wanted, result = EventFilter.parse(aspace, wired(clauses))
    assert [one.value for one in result.SelectClauseResults] == [StatusCodes.Good] * len(clauses)
    assert wanted.select(EVENT) == [
        ua.Variant(800, T.UInt16),
        ua.Variant(CONDITION, T.NodeId),
        TRUE,
        ua.Variant("stack", T.String),
        ua.Variant(b"\x03", T.ByteString),
        ua.Variant(ua.StatusCode(StatusCodes.BadIndexRangeNoData), T.StatusCode),
        NULL,
        NULL,
    ]


@pytest.mark.parametrize(
    ("clause", "status"),
    [
        (field("Severity", kind=ObjectIds.BaseObjectType), StatusCodes.BadTypeDefinitionInvalid),
        (field("Severity", kind=ObjectIds.Server), StatusCodes.BadTypeDefinitionInvalid),
        (field("Nowhere"), StatusCodes.BadNodeIdUnknown),
        (field("Severity", "Id"), StatusCodes.BadNodeIdUnknown),
        (field("ActiveState", "Id", kind=ObjectIds.AuditEventType), StatusCodes.BadNodeIdUnknown),
        (field(*["ActiveState"] * 40), StatusCodes.BadNodeIdUnknown),
        (field(kind=ObjectIds.AuditEventType, AttributeId=AttributeIds.NodeId), StatusCodes.BadNodeIdUnknown),
        (field(), StatusCodes.BadAttributeIdInvalid),
        (field("Severity", AttributeId=AttributeIds.BrowseName), StatusCodes.BadAttributeIdInvalid),
        (field("Severity", IndexRange="5:2"), StatusCodes.BadIndexRangeInvalid),
        (field("Severity", IndexRange="x"), StatusCodes.BadIndexRangeInvalid),
        (field(""), StatusCodes.BadBrowseNameInvalid),
    ],
)
def test_fields_that_no_event_can_have(aspace: AddressSpace, clause: Any, status: int) -> None:
    wanted, result = EventFilter.parse(aspace, wired([field("Severity"), clause]))
    assert [one.value for one in result.SelectClauseResults] == [StatusCodes.Good, status]
    assert wanted.select(EVENT) == [ua.Variant(800, T.UInt16), NULL]
    with pytest.raises(EventFilterError) as refused:
        EventFilter.parse(aspace, wired([clause]))
    assert refused.value.code == StatusCodes.BadEventFilterInvalid
    assert refused.value.result.SelectClauseResults[0].value == status


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        (None, StatusCodes.BadEventFilterInvalid),
        (ua.DataChangeFilter(), StatusCodes.BadFilterNotAllowed),
        (ua.EventFilter(), StatusCodes.BadEventFilterInvalid),
        (
            ua.EventFilter([field("Severity")] * (MAX_SELECT_CLAUSES + 1)),
            StatusCodes.BadMonitoredItemFilterUnsupported,
        ),
        (
            ua.EventFilter([field("Severity")], ua.ContentFilter([element(F.InList, *range(MAX_WHERE_OPERANDS + 1))])),
            StatusCodes.BadMonitoredItemFilterUnsupported,
        ),
    ],
)
def test_what_is_no_filter(aspace: AddressSpace, wire: object, status: int) -> None:
    with pytest.raises(UaStatusCodeError) as refused:
        EventFilter.parse(aspace, wire)
    assert refused.value.code == status


SEVERITY, MESSAGE, USER = field("Severity"), field("Message"), field("ClientUserId", kind=ObjectIds.ConditionType)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (element(F.Equals, SEVERITY, literal(800.0)), True),
        (element(F.Equals, SEVERITY, literal("800")), True),
        (element(F.Equals, SEVERITY, literal("eight hundred")), False),
        (element(F.Equals, SEVERITY, literal(datetime(2026, 1, 1, tzinfo=UTC))), False),
        (element(F.Equals, MESSAGE, literal("stack: failure")), True),
        (element(F.Equals, CONDITION_ID, literal(CONDITION)), True),
        (element(F.Equals, CONDITION_ID, literal("ns=2;s=stack/Alarms/Failure")), True),
        (element(F.Equals, USER, literal("")), False),
        (element(F.IsNull, USER), True),
        (element(F.IsNull, SEVERITY), False),
        (element(F.GreaterThan, SEVERITY, literal(799, T.Int16)), True),
        (element(F.GreaterThan, SEVERITY, literal(800)), False),
        (element(F.GreaterThanOrEqual, SEVERITY, literal(800)), True),
        (element(F.LessThan, SEVERITY, literal(801)), True),
        (element(F.LessThanOrEqual, SEVERITY, literal(float("nan"))), False),
        (element(F.GreaterThan, MESSAGE, literal(5)), False),
        (element(F.Between, SEVERITY, literal(800), literal(900)), True),
        (element(F.Between, SEVERITY, literal(801), literal(900)), False),
        (element(F.InList, SEVERITY, literal(1), literal("x"), literal(800)), True),
        (element(F.InList, SEVERITY, literal(1), literal(2)), False),
        (element(F.Like, MESSAGE, literal("%fail_re")), True),
        (element(F.Like, field("SourceName"), literal("duct%")), False),
        (element(F.Like, MESSAGE, literal("[")), False),
        (element(F.Not, literal(False)), True),
        (element(F.OfType, literal(standard_node(ObjectIds.AlarmConditionType))), True),
        (element(F.OfType, literal(standard_node(ObjectIds.LimitAlarmType))), False),
        (element(F.OfType, literal(standard_node(ObjectIds.Server))), False),
        (element(F.OfType, literal(5)), False),
        (element(F.IsNull, field("ActiveState", "Id", kind=ObjectIds.LimitAlarmType)), True),
        (element(F.IsNull, field("ActiveState", "Id", kind=ObjectIds.DiscreteAlarmType)), False),
    ],
)
def test_one_operator(aspace: AddressSpace, where: ua.ContentFilterElement, expected: bool) -> None:
    assert accepted(aspace, where) is expected


def test_cast_and_bits(aspace: AddressSpace) -> None:
    byte = standard_node(ObjectIds.Byte)
    is_byte = element(F.IsNull, ua.ElementOperand(1))
    assert accepted(aspace, is_byte, element(F.Cast, SEVERITY, literal(byte)))  # 800 is no byte
    assert not accepted(aspace, is_byte, element(F.Cast, literal("200"), literal(byte)))
    equals = element(F.Equals, ua.ElementOperand(1), literal(0x20))
    assert accepted(aspace, equals, element(F.BitwiseAnd, SEVERITY, literal(0x3F, T.Byte)))
    either = element(F.Equals, ua.ElementOperand(1), literal(0x321))
    assert accepted(aspace, either, element(F.BitwiseOr, SEVERITY, literal(1, T.Byte)))


def _three_valued(operator: F, left: bool | None, right: bool | None) -> bool | None:
    decisive = operator is F.Or
    if decisive in (left, right):
        return decisive
    return None if None in (left, right) else not decisive


@given(st.sampled_from([F.And, F.Or]), *[st.sampled_from([True, False, None])] * 2, st.booleans())
def test_truth_has_three_values(
    aspace: AddressSpace, operator: F, left: bool | None, right: bool | None, negated: bool
) -> None:
    operands = [USER if one is None else literal(one) for one in (left, right)]
    result = _three_valued(operator, left, right)
    if negated:
        seen = accepted(aspace, element(F.Not, ua.ElementOperand(1)), element(operator, *operands))
        assert seen is (result is False)
    else:
        assert accepted(aspace, element(operator, *operands)) is (result is True)


def test_what_speaks_of_the_item_itself_passes_every_where_clause(aspace: AddressSpace) -> None:
    nothing = element(F.Equals, literal(1), literal(2))
    assert not accepted(aspace, nothing)
    assert accepted(aspace, nothing, event=replace(EVENT, unfiltered=True))


def test_elements_that_share_elements_are_worked_out_once(aspace: AddressSpace) -> None:
    """Evaluated as the tree that it stands for, this would take 2**300 steps."""
    ladder = [element(F.And, ua.ElementOperand(at + 1), ua.ElementOperand(at + 1)) for at in range(300)]
    assert accepted(aspace, *ladder, element(F.Equals, SEVERITY, literal(800)))


@pytest.mark.parametrize(
    ("where", "status", "operands"),
    [
        (element(F.InView, literal(1)), StatusCodes.BadFilterOperatorUnsupported, []),
        (element(F.RelatedTo, *range(6)), StatusCodes.BadFilterOperatorUnsupported, []),
        (element(F.Equals, literal(1)), StatusCodes.BadFilterOperandCountMismatch, []),
        (
            element(F.Not, ua.ElementOperand(0)),
            StatusCodes.BadFilterOperandInvalid,
            [StatusCodes.BadFilterOperandInvalid],
        ),
        (
            element(F.Equals, literal(1), ua.ElementOperand(7)),
            StatusCodes.BadFilterOperandInvalid,
            [StatusCodes.Good, StatusCodes.BadFilterOperandInvalid],
        ),
        (element(F.IsNull, field("Nowhere")), StatusCodes.BadFilterOperandInvalid, [StatusCodes.BadNodeIdUnknown]),
        (
            element(F.IsNull, ua.AttributeOperand()),
            StatusCodes.BadFilterOperandInvalid,
            [StatusCodes.BadFilterOperandInvalid],
        ),
    ],
)
def test_where_clauses_that_make_no_sense(
    aspace: AddressSpace, where: ua.ContentFilterElement, status: int, operands: list[int]
) -> None:
    with pytest.raises(EventFilterError) as refused:
        EventFilter.parse(aspace, wired([field("Severity")], where))
    assert refused.value.code == StatusCodes.BadEventFilterInvalid
    (result,) = refused.value.result.WhereClauseResult.ElementResults
    assert result.StatusCode.value == status
    assert [one.value for one in result.OperandStatusCodes] == operands


SCALARS = [
    *(ua.Variant(value, kind) for value in (-1, 0, 1, 200, 70000) for kind in (T.Int32, T.Int64, T.Double, T.Float)),
    *(ua.Variant(value, T.String) for value in ("", "1", "-1", "true", "1e400", "9" * 5000, "nan", "\ud800")),
    *(ua.Variant(value, T.UInt64) for value in (0, 2**64 - 1)),
    ua.Variant(float("inf"), T.Double),
    TRUE,
    FALSE,
    NULL,
    ua.Variant(b"1", T.ByteString),
    ua.Variant(ua.StatusCode(StatusCodes.Bad), T.StatusCode),
    ua.Variant(ua.QualifiedName("1", 2), T.QualifiedName),
    ua.Variant(ua.LocalizedText(), T.LocalizedText),
    ua.Variant(ua.NodeId(1), T.NodeId),
    ua.Variant(datetime(2026, 1, 1, tzinfo=UTC), T.DateTime),
    ua.Variant([1, 2], T.Int32),
    ua.Variant(["1"], T.String),
    ua.Variant(ua.Argument(), T.ExtensionObject),
]


@given(
    st.sampled_from(sorted(set(F) - {F.InView, F.RelatedTo, F.Not, F.IsNull, F.OfType, F.Between})),
    *[st.sampled_from(SCALARS)] * 2,
)
def test_no_pair_of_values_breaks_an_operator(
    aspace: AddressSpace, operator: F, left: ua.Variant, right: ua.Variant
) -> None:
    wire = ua.EventFilter([SEVERITY], ua.ContentFilter([element(operator, literal(left), literal(right))]))
    mirrored = ua.EventFilter([SEVERITY], ua.ContentFilter([element(operator, literal(right), literal(left))]))
    one, other = (EventFilter.parse(aspace, each)[0].select(EVENT) is not None for each in (wire, mirrored))
    if operator in (F.Equals, F.And, F.Or):
        assert one == other


@given(st.sampled_from(SCALARS), st.integers(0, 30))
def test_no_value_breaks_a_cast(aspace: AddressSpace, value: ua.Variant, target: int) -> None:
    where = [
        element(F.Equals, ua.ElementOperand(1), ua.ElementOperand(1)),
        element(F.Cast, literal(value), literal(standard_node(target))),
    ]
    wire = ua.EventFilter([SEVERITY], ua.ContentFilter(where))
    EventFilter.parse(aspace, wire)[0].select(EVENT)
