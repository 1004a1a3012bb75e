"""AlarmTypes: those of Devices (OPC 10000-100 section 4.12) where the server has them, else those of OPC UA itself."""

from __future__ import annotations

from collections.abc import Mapping

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.conditions.alarm_kinds import AlarmName
from gateway.adapters.opcua.engine.wire_types import standard_node

DEVICES_NAMESPACE = "http://opcfoundation.org/UA/DI/"

_STANDARD: Mapping[AlarmName, int] = {
    AlarmName.COMMUNICATION: ObjectIds.SystemOffNormalAlarmType,
    AlarmName.FAILURE: ObjectIds.InstrumentDiagnosticAlarmType,
    AlarmName.CHECK_FUNCTION: ObjectIds.InstrumentDiagnosticAlarmType,
    AlarmName.OFF_SPEC: ObjectIds.InstrumentDiagnosticAlarmType,
    AlarmName.MAINTENANCE_REQUIRED: ObjectIds.InstrumentDiagnosticAlarmType,
    AlarmName.LIMITS: ObjectIds.ExclusiveLevelAlarmType,
}
_DEVICES: Mapping[AlarmName, int] = {
    AlarmName.FAILURE: 15292,
    AlarmName.CHECK_FUNCTION: 15441,
    AlarmName.OFF_SPEC: 15590,
    AlarmName.MAINTENANCE_REQUIRED: 15739,
}
"""Subtypes of InstrumentDiagnosticAlarmType, one for each status signal of NE 107."""


def alarm_type(aspace: AddressSpace, name: AlarmName) -> ua.NodeId:
    """The AlarmType of all alarms of one name."""
    namespaces = aspace.read_attribute_value(standard_node(ObjectIds.Server_NamespaceArray), AttributeIds.Value).Value
    known: list[str] = [] if namespaces is None else list(namespaces.Value or ())
    if name in _DEVICES and DEVICES_NAMESPACE in known:
        node_id = ua.NodeId(ua.Int32(_DEVICES[name]), ua.Int16(known.index(DEVICES_NAMESPACE)))
        if node_id in aspace:
            return node_id
    return standard_node(_STANDARD.get(name, ObjectIds.OffNormalAlarmType))
