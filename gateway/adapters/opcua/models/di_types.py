"""Types of Devices, OPC 10000-100 (DI) 1.05.0, as far as they are in use."""

from __future__ import annotations

from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.models.namespaces import DI, standard
from gateway.adapters.opcua.models.node_table import ONE_DIMENSION, OP, M, O, Rows, TypeRow, interfaces
from gateway.adapters.opcua.models.standard_types import (
    BASE_INTERFACE,
    BASE_OBJECT,
    BASE_VARIABLE,
    DATE_TIME,
    FOLDER,
    INT32,
    LOCALIZED_TEXT,
    STRING,
)

_DI = Rows(DI)

DEVICE_SET = _DI.ref(5001)
"""Object below Objects that organises every device (OPC 10000-100 section 4.9)."""

TOPOLOGY_ELEMENT = _DI.ref(1001)
DEVICE = _DI.ref(1002)
FUNCTIONAL_GROUP = _DI.ref(1005)
COMPONENT = _DI.ref(15063)
VENDOR_NAMEPLATE = _DI.ref(15035)
TAG_NAMEPLATE = _DI.ref(15048)
DEVICE_HEALTH_INTERFACE = _DI.ref(15051)
SUPPORT_INFO = _DI.ref(15054)
DEVICE_HEALTH = _DI.ref(6244)
HEALTH_DIAGNOSTIC_ALARM = _DI.ref(15143)
FAILURE_ALARM = _DI.ref(15292)
CHECK_FUNCTION_ALARM = _DI.ref(15441)
OFF_SPEC_ALARM = _DI.ref(15590)
MAINTENANCE_REQUIRED_ALARM = _DI.ref(15739)

DI_TYPES: tuple[TypeRow, ...] = (
    _DI.enumeration(
        6244,
        "DeviceHealthEnumeration",
        6450,
        ("NORMAL", "FAILURE", "CHECK_FUNCTION", "OFF_SPEC", "MAINTENANCE_REQUIRED"),
    ),
    _DI.object_type(
        1005,
        "FunctionalGroupType",
        FOLDER,
        _DI.object(6027, "<GroupIdentifier>", FUNCTIONAL_GROUP, OP),
    ),
    _DI.object_type(
        1001,
        "TopologyElementType",
        BASE_OBJECT,
        _DI.object(5002, "ParameterSet", BASE_OBJECT, O),
        _DI.object(5003, "MethodSet", BASE_OBJECT, O),
        _DI.object(6567, "<GroupIdentifier>", FUNCTIONAL_GROUP, OP),
        _DI.object(6014, "Identification", FUNCTIONAL_GROUP, O),
        abstract=True,
    ),
    _DI.object_type(
        15035,
        "IVendorNameplateType",
        BASE_INTERFACE,
        _DI.prop(15036, "Manufacturer", LOCALIZED_TEXT, O),
        _DI.prop(15037, "ManufacturerUri", STRING, O),
        _DI.prop(15038, "Model", LOCALIZED_TEXT, O),
        _DI.prop(15039, "HardwareRevision", STRING, O),
        _DI.prop(15040, "SoftwareRevision", STRING, O),
        _DI.prop(15041, "DeviceRevision", STRING, O),
        _DI.prop(15042, "ProductCode", STRING, O),
        _DI.prop(15043, "DeviceManual", STRING, O),
        _DI.prop(15044, "DeviceClass", STRING, O),
        _DI.prop(15045, "SerialNumber", STRING, O),
        _DI.prop(15046, "ProductInstanceUri", STRING, O),
        _DI.prop(15047, "RevisionCounter", INT32, O),
        _DI.prop(23, "SoftwareReleaseDate", DATE_TIME, O),
        _DI.prop(24, "PatchIdentifiers", STRING, O, rank=ONE_DIMENSION),
        abstract=True,
    ),
    _DI.object_type(
        15048,
        "ITagNameplateType",
        BASE_INTERFACE,
        _DI.prop(15049, "AssetId", STRING, O),
        _DI.prop(15050, "ComponentName", LOCALIZED_TEXT, O),
        abstract=True,
    ),
    _DI.object_type(
        15051,
        "IDeviceHealthType",
        BASE_INTERFACE,
        _DI.variable(15052, "DeviceHealth", BASE_VARIABLE, DEVICE_HEALTH, O),
        _DI.object(15053, "DeviceHealthAlarms", FOLDER, O),
        abstract=True,
    ),
    _DI.object_type(15054, "ISupportInfoType", BASE_INTERFACE, abstract=True),
    _DI.object_type(
        15063,
        "ComponentType",
        TOPOLOGY_ELEMENT,
        _DI.prop(15086, "Manufacturer", LOCALIZED_TEXT, O),
        _DI.prop(15087, "ManufacturerUri", STRING, O),
        _DI.prop(15088, "Model", LOCALIZED_TEXT, O),
        _DI.prop(15089, "HardwareRevision", STRING, O),
        _DI.prop(15090, "SoftwareRevision", STRING, O),
        _DI.prop(15091, "DeviceRevision", STRING, O),
        _DI.prop(15092, "ProductCode", STRING, O),
        _DI.prop(15093, "DeviceManual", STRING, O),
        _DI.prop(15094, "DeviceClass", STRING, O),
        _DI.prop(15095, "SerialNumber", STRING, O),
        _DI.prop(15096, "ProductInstanceUri", STRING, O),
        _DI.prop(15097, "RevisionCounter", INT32, O),
        _DI.prop(15098, "AssetId", STRING, O),
        _DI.prop(15099, "ComponentName", LOCALIZED_TEXT, O),
        abstract=True,
        links=interfaces(VENDOR_NAMEPLATE, TAG_NAMEPLATE),
    ),
    _DI.object_type(
        1002,
        "DeviceType",
        COMPONENT,
        _DI.prop(6003, "Manufacturer", LOCALIZED_TEXT),
        _DI.prop(15100, "ManufacturerUri", STRING, O),
        _DI.prop(6004, "Model", LOCALIZED_TEXT),
        _DI.prop(6008, "HardwareRevision", STRING),
        _DI.prop(6007, "SoftwareRevision", STRING),
        _DI.prop(6006, "DeviceRevision", STRING),
        _DI.prop(15101, "ProductCode", STRING, O),
        _DI.prop(6005, "DeviceManual", STRING),
        _DI.prop(6470, "DeviceClass", STRING, O),
        _DI.prop(6001, "SerialNumber", STRING),
        _DI.prop(15102, "ProductInstanceUri", STRING, O),
        _DI.prop(6002, "RevisionCounter", INT32, M),
        _DI.variable(6208, "DeviceHealth", BASE_VARIABLE, DEVICE_HEALTH, O),
        _DI.object(15105, "DeviceHealthAlarms", FOLDER, O),
        abstract=True,
        links=interfaces(SUPPORT_INFO, DEVICE_HEALTH_INTERFACE),
    ),
    _DI.object_type(
        15143, "DeviceHealthDiagnosticAlarmType", standard(ObjectIds.InstrumentDiagnosticAlarmType), abstract=True
    ),
    _DI.object_type(15292, "FailureAlarmType", HEALTH_DIAGNOSTIC_ALARM),
    _DI.object_type(15441, "CheckFunctionAlarmType", HEALTH_DIAGNOSTIC_ALARM),
    _DI.object_type(15590, "OffSpecAlarmType", HEALTH_DIAGNOSTIC_ALARM),
    _DI.object_type(15739, "MaintenanceRequiredAlarmType", HEALTH_DIAGNOSTIC_ALARM),
)
"""Supertypes before their subtypes."""
