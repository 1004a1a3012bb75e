"""When a monitored item reports: trigger and deadband (OPC 10000-4 section 7.22.2, OPC 10000-8 section 7.2).

The deadband compares with the value last *reported*, so a slow drift shows after the first step beyond it; a change of
the StatusCode is always reported. An array that was acquired anew is another value, whatever is in it: without a
deadband no elements are compared. With one, the whole array is reported as soon as one element is beyond it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

# The class in `ua` is a subclass of the one that the decoder makes, so filters from the wire are not instances of it.
from asyncua.ua.uaprotocol_auto import DataChangeFilter, DataChangeTrigger

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.notifications.encoded_value import EncodedValue

_NUMERIC = frozenset(
    standard_node(identifier)
    for identifier in (
        *range(ObjectIds.SByte, ObjectIds.Double + 1),
        *range(ObjectIds.Number, ObjectIds.UInteger + 1),
        ObjectIds.Duration,
    )
)


@dataclass(frozen=True, slots=True)
class ReportRule:
    """What counts as a change.

    Attributes:
        trigger: StatusCode alone, value too, or also the SourceTimestamp.
        deadband: Smallest difference not reported is at most this, in the value's unit; None for no deadband.
    """

    trigger: DataChangeTrigger = DataChangeTrigger.StatusValue
    deadband: float | None = None

    def is_due(self, reported: EncodedValue, new: EncodedValue) -> bool:
        """Whether `new` has to be reported after `reported`."""
        if new.status != reported.status:
            return True
        if self.trigger == DataChangeTrigger.Status:
            return False
        if (
            self.deadband is None
            and self.trigger == DataChangeTrigger.StatusValueTimestamp
            and new.source != reported.source
        ):
            return True  # with a deadband this trigger behaves as StatusValue (OPC 10000-4 section 7.22.2)
        before, now = reported.value, new.value
        if isinstance(before, memoryview) and isinstance(now, memoryview):
            if self.deadband is None:
                return new.whole is not reported.whole
            return len(now) != len(before) or not np.allclose(now, before, rtol=0, atol=self.deadband, equal_nan=True)
        if now == before or (now != now and before != before):
            return False
        if self.deadband is None or not isinstance(before, (int, float)) or not isinstance(now, (int, float)):
            return True
        return not abs(now - before) <= self.deadband


def _eu_range_span(aspace: AddressSpace, node_id: ua.NodeId) -> float:
    node = aspace.get(node_id)
    for reference in node.references if node is not None else ():
        if reference.IsForward and reference.BrowseName == ua.QualifiedName("EURange", 0):
            value = aspace.read_attribute_value(reference.NodeId, AttributeIds.Value).Value
            if value is not None and value.Value is not None:
                return float(value.Value.High - value.Value.Low)
    raise ua.uaerrors.BadDeadbandFilterInvalid


def report_rule(aspace: AddressSpace, item: ua.ReadValueId, requested: object) -> ReportRule:
    """The rule that a client asks for with the filter of a monitored item.

    Raises:
        UaStatusCodeError: The filter is no DataChangeFilter, its deadband does not suit the attribute or the type of
            the node, or it is outside its limits.
    """
    if requested is None or (isinstance(requested, ua.ExtensionObject) and requested.TypeId.is_null()):
        return ReportRule()
    if not isinstance(requested, DataChangeFilter):
        raise ua.uaerrors.BadMonitoredItemFilterUnsupported
    kind, width = requested.DeadbandType, requested.DeadbandValue
    if kind == ua.DeadbandType.None_:
        return ReportRule(requested.Trigger)
    data_type = aspace.read_attribute_value(item.NodeId, AttributeIds.DataType).Value
    if item.AttributeId != AttributeIds.Value or data_type is None or data_type.Value not in _NUMERIC:
        raise ua.uaerrors.BadFilterNotAllowed
    if not math.isfinite(width) or width < 0:
        raise ua.uaerrors.BadDeadbandFilterInvalid
    if kind == ua.DeadbandType.Absolute:
        return ReportRule(requested.Trigger, width)
    if kind != ua.DeadbandType.Percent:
        raise ua.uaerrors.BadMonitoredItemFilterInvalid
    if width > 100.0:
        raise ua.uaerrors.BadDeadbandFilterInvalid
    return ReportRule(requested.Trigger, width / 100.0 * _eu_range_span(aspace, item.NodeId))
