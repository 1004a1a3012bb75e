"""Types of Analyser Devices, OPC 10020 (ADI) 1.01, as far as they are in use."""

from __future__ import annotations

from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.models.adi_state_machines import (
    CHANNEL_MACHINE,
    DEVICE_MACHINE,
    EXECUTE_MACHINE,
    OPERATING_MACHINE,
    current_state,
    operating_machine,
)
from gateway.adapters.opcua.models.di_types import DEVICE, DEVICE_HEALTH, FUNCTIONAL_GROUP, TOPOLOGY_ELEMENT
from gateway.adapters.opcua.models.namespaces import ADI, DI, NodeRef, standard
from gateway.adapters.opcua.models.node_table import (
    HAS_SUB_STATE_MACHINE,
    ONE_DIMENSION,
    OP,
    ORGANIZES,
    Link,
    M,
    Member,
    O,
    Rows,
    Rule,
    TypeRow,
)
from gateway.adapters.opcua.models.standard_types import (
    ANALOG_ITEM,
    ANY_TYPE,
    BASE_OBJECT,
    BOOLEAN,
    COUNTER,
    DATA_ITEM,
    DATE_TIME,
    DURATION,
    FLOAT,
    LOCALIZED_TEXT,
    MULTI_STATE_DISCRETE,
    RANGE,
    STATE,
    STRING,
    UINTEGER,
)

_ADI = Rows(ADI)

ANALYSER_DEVICE = _ADI.ref(1001)
ANALYSER_CHANNEL = _ADI.ref(1003)
STREAM = _ADI.ref(1010)
EXECUTION_CYCLE = _ADI.ref(9378)
ACQUISITION_RESULT = _ADI.ref(3003)
_DEVICE_MACHINE = _ADI.ref(1002)
_CHANNEL_MACHINE = _ADI.ref(1007)


def _organizes(*identifiers: int) -> tuple[Link, ...]:
    return tuple(Link(ORGANIZES, _ADI.ref(identifier)) for identifier in identifiers)


def _below(machine: int) -> tuple[Link, ...]:
    return (Link(HAS_SUB_STATE_MACHINE, _ADI.ref(machine)),)


def _group(identifier: int, name: str, *parameters: int) -> Member:
    return _ADI.object(identifier, name, FUNCTIONAL_GROUP, M, links=_organizes(*parameters))


def _item(identifier: int, name: str, data_type: NodeRef, rule: Rule = M) -> Member:
    return _ADI.variable(identifier, name, DATA_ITEM, data_type, rule)


def _analog_item(identifier: int, name: str, data_type: NodeRef, rule: Rule) -> Member:
    return _ADI.variable(identifier, name, ANALOG_ITEM, data_type, rule, _ADI.prop(identifier + 4, "UA:EURange", RANGE))


def _channel_methods(first: int) -> tuple[Member, ...]:
    """Methods of a channel; their identifiers follow each other, and one has arguments."""
    arguments = _ADI.prop(first + 3, "UA:InputArguments", standard(ObjectIds.Argument), M, rank=ONE_DIMENSION)
    return (
        _ADI.method(first, "GotoOperating"),
        _ADI.method(first + 1, "GotoMaintenance"),
        _ADI.method(first + 2, "StartSingleAcquisition", arguments),
        *(
            _ADI.method(first + place, name)
            for place, name in enumerate(
                ("Reset", "Start", "Stop", "Hold", "Unhold", "Suspend", "Unsuspend", "Abort", "Clear"), start=4
            )
        ),
    )


def _channel_machine(identifier: int) -> Member:
    return _ADI.object(
        identifier,
        "ChannelStateMachine",
        _CHANNEL_MACHINE,
        M,
        current_state(identifier + 1),
        operating_machine(identifier + 12),
    )


_DEVICE_METHODS = (
    _ADI.method(
        9443, "GetConfiguration", _ADI.arguments(9444, "OutputArguments", ("ConfigData", ObjectIds.ByteString))
    ),
    _ADI.method(
        9445,
        "SetConfiguration",
        _ADI.arguments(9446, "InputArguments", ("ConfigData", ObjectIds.ByteString)),
        _ADI.arguments(9447, "OutputArguments", ("ConfigDataDigest", ObjectIds.String)),
    ),
    _ADI.method(
        9448, "GetConfigDataDigest", _ADI.arguments(9449, "OutputArguments", ("ConfigDataDigest", ObjectIds.String))
    ),
    _ADI.method(
        9450,
        "CompareConfigDataDigest",
        _ADI.arguments(9451, "InputArguments", ("ConfigDataDigest", ObjectIds.String)),
        _ADI.arguments(9452, "OutputArguments", ("IsEqual", ObjectIds.Boolean)),
    ),
    _ADI.method(9453, "ResetAllChannels"),
    _ADI.method(9454, "StartAllChannels"),
    _ADI.method(9455, "StopAllChannels"),
    _ADI.method(9456, "AbortAllChannels"),
    _ADI.method(9457, "GotoOperating"),
    _ADI.method(9458, "GotoMaintenance"),
)

_STREAM_GROUPS = (
    "Configuration",
    "Status",
    "AcquisitionSettings",
    "AcquisitionStatus",
    "AcquisitionData",
    "ChemometricModelSettings",
    "Context",
)

ADI_TYPES: tuple[TypeRow, ...] = (
    _ADI.sparse_enumeration(
        9378,
        "ExecutionCycleEnumeration",
        13026,
        (
            ("IDLE", 0),
            ("DIAGNOSTIC", 1),
            ("CLEANING", 2),
            ("CALIBRATION", 4),
            ("VALIDATION", 8),
            ("SAMPLING", 16),
            ("DIAGNOSTIC_WITH_GRAB_SAMPLE", 32769),
            ("CLEANING_WITH_GRAB_SAMPLE", 32770),
            ("CALIBRATION_WITH_GRAB_SAMPLE", 32772),
            ("VALIDATION_WITH_GRAB_SAMPLE", 32776),
            ("SAMPLING_WITH_GRAB_SAMPLE", 32784),
        ),
    ),
    _ADI.enumeration(
        3003, "AcquisitionResultStatusEnumeration", 13027, ("NOT_USED", "GOOD", "BAD", "UNKNOWN", "PARTIAL"), rule=M
    ),
    _ADI.object_type(1004, "AnalyserChannelOperatingStateType", STATE, links=_below(9948)),
    _ADI.object_type(1005, "AnalyserChannelLocalStateType", STATE),
    _ADI.object_type(1006, "AnalyserChannelMaintenanceStateType", STATE),
    _ADI.object_type(8964, "AnalyserChannelOperatingExecuteStateType", STATE, links=_below(10036)),
    DEVICE_MACHINE.row(),
    CHANNEL_MACHINE.row(),
    OPERATING_MACHINE.row(),
    EXECUTE_MACHINE.row(),
    _ADI.object_type(
        1010,
        "StreamType",
        TOPOLOGY_ELEMENT,
        _ADI.object(
            10317,
            "DI:ParameterSet",
            BASE_OBJECT,
            O,
            _item(10339, "IsEnabled", BOOLEAN),
            _item(10342, "IsForced", BOOLEAN, O),
            _item(10345, "DiagnosticStatus", DEVICE_HEALTH),
            _item(10348, "LastCalibrationTime", DATE_TIME, O),
            _item(10351, "LastValidationTime", DATE_TIME, O),
            _item(10354, "LastSampleTime", DATE_TIME),
            _analog_item(10357, "TimeBetweenSamples", DURATION, O),
            _item(10363, "IsActive", BOOLEAN),
            _item(10366, "ExecutionCycle", EXECUTION_CYCLE),
            _ADI.variable(
                10369,
                "ExecutionCycleSubcode",
                MULTI_STATE_DISCRETE,
                UINTEGER,
                M,
                _ADI.prop(10372, "UA:EnumStrings", LOCALIZED_TEXT, M, rank=ONE_DIMENSION),
            ),
            _item(10373, "Progress", FLOAT),
            _analog_item(10376, "AcquisitionCounter", COUNTER, M),
            _item(10382, "AcquisitionResultStatus", ACQUISITION_RESULT),
            _item(10385, "RawData", ANY_TYPE, O),
            _item(10388, "ScaledData", ANY_TYPE),
            _item(10391, "Offset", DURATION, O),
            _item(10394, "AcquisitionEndTime", DATE_TIME),
        ),
        _group(10430, "Configuration", 10339, 10342),
        _group(10432, "Status", 10345, 10348, 10351, 10354),
        _group(10434, "AcquisitionSettings", 10357),
        _group(10436, "AcquisitionStatus", 10363, 10366, 10369, 10373),
        _group(10438, "AcquisitionData", 10376, 10382, 10385, 10388, 10391, 10394),
        _group(10440, "ChemometricModelSettings"),
        _group(10442, "Context"),
        _ADI.object(10444, "<GroupIdentifier>", FUNCTIONAL_GROUP, OP),
    ),
    _ADI.object_type(
        1003,
        "AnalyserChannelType",
        TOPOLOGY_ELEMENT,
        _ADI.object(
            9677,
            "DI:ParameterSet",
            BASE_OBJECT,
            O,
            _item(9712, "ChannelId", STRING, O),
            _item(9715, "IsEnabled", BOOLEAN),
            _item(9718, "DiagnosticStatus", DEVICE_HEALTH),
            _item(9721, "ActiveStream", STRING),
        ),
        _ADI.object(9679, "DI:MethodSet", BASE_OBJECT, M, *_channel_methods(9699)),
        _group(9724, "Configuration", 9715),
        _group(9726, "Status", 9718, 9721),
        _channel_machine(9728),
        _ADI.object(9788, "<GroupIdentifier>", FUNCTIONAL_GROUP, OP),
        _ADI.object(
            9790,
            "<StreamIdentifier>",
            STREAM,
            OP,
            *(_group(9902 + 2 * place, name) for place, name in enumerate(_STREAM_GROUPS)),
        ),
    ),
    _ADI.object_type(
        1001,
        "AnalyserDeviceType",
        DEVICE,
        _ADI.object(5001, "DI:ParameterSet", BASE_OBJECT, O, _item(9459, "DiagnosticStatus", DEVICE_HEALTH)),
        _ADI.object(9382, "DI:MethodSet", BASE_OBJECT, M, *_DEVICE_METHODS),
        _ADI.object(
            9386,
            "DI:Identification",
            FUNCTIONAL_GROUP,
            M,
            links=tuple(Link(ORGANIZES, NodeRef(DI, identifier)) for identifier in (6003, 6004, 6001)),
        ),
        _group(9482, "Configuration"),
        _group(9484, "Status", 9459),
        _group(9486, "FactorySettings"),
        _ADI.object(9488, "AnalyserStateMachine", _DEVICE_MACHINE, M, current_state(9489)),
        _ADI.object(
            9500,
            "<ChannelIdentifier>",
            ANALYSER_CHANNEL,
            OP,
            _ADI.object(9503, "DI:MethodSet", BASE_OBJECT, M, *_channel_methods(9521)),
            _group(9546, "Configuration"),
            _group(9548, "Status"),
            _channel_machine(9550),
        ),
        abstract=True,
    ),
)
"""Supertypes before their subtypes."""
