"""Types of Process Automation Devices, OPC 30081 (PA-DIM) 1.02, as far as they are in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.adapters.opcua.models.di_types import (
    COMPONENT,
    DEVICE_HEALTH,
    DEVICE_HEALTH_INTERFACE,
)
from gateway.adapters.opcua.models.namespaces import PADIM, NodeRef
from gateway.adapters.opcua.models.node_table import ANY, OP, M, Member, O, Rows, TypeRow, dictionary, interfaces
from gateway.adapters.opcua.models.standard_types import (
    ANALOG_UNIT_RANGE,
    BASE_INTERFACE,
    BASE_OBJECT,
    BASE_VARIABLE,
    EU_INFORMATION,
    FLOAT,
    FOLDER,
    INT32,
    LOCALIZED_TEXT,
    NUMBER,
    RANGE,
    STRING,
)
from gateway.model.meaning import Technology

_PADIM = Rows(PADIM)

PADIM_DEVICE = _PADIM.ref(1009)
SIGNAL_SET = _PADIM.ref(1021)
SIGNAL = _PADIM.ref(1008)
ANALOG_SIGNAL = _PADIM.ref(1022)
ANALYTICAL_SIGNAL = _PADIM.ref(1065)
ANALOG_SIGNAL_VARIABLE = _PADIM.ref(1111)
ANALYTICAL_VARIABLE = _PADIM.ref(1127)
PAT_VARIABLE = _PADIM.ref(1274)
PROCESS_ANALYSER = _PADIM.ref(1082)
_ADMINISTRATION = _PADIM.ref(1050)
_HAS_SIGNAL_SET = _PADIM.ref(1052)

INPUT_OUTPUT_VALUE = "0112/2///61987#ABN634#001"
PHYSICAL_UNIT = "0112/2///61987#ABA968#004"
SIGNAL_TAG = "0112/2///61987#ABB271#009"


class TechnologyTypes(NamedTuple):
    """The two types of one technology.

    Attributes:
        signal: Type of a channel that measures so.
        analyser: Type of an analyser that measures so in every channel.
    """

    signal: NodeRef
    analyser: NodeRef


TECHNOLOGIES: Mapping[Technology, TechnologyTypes] = {
    Technology.PARAMAGNETIC: TechnologyTypes(_PADIM.ref(1075), _PADIM.ref(1088)),
    Technology.NON_DISPERSIVE_INFRARED: TechnologyTypes(_PADIM.ref(1071), _PADIM.ref(1086)),
    Technology.ZIRCONIUM_DIOXIDE: TechnologyTypes(_PADIM.ref(1081), _PADIM.ref(1093)),
    Technology.TUNABLE_DIODE_LASER: TechnologyTypes(_PADIM.ref(1079), _PADIM.ref(1092)),
    Technology.THERMAL_CONDUCTIVITY: TechnologyTypes(_PADIM.ref(1077), _PADIM.ref(1090)),
    Technology.FLAME_IONISATION: TechnologyTypes(_PADIM.ref(1069), _PADIM.ref(1085)),
    Technology.AMPEROMETRIC: TechnologyTypes(_PADIM.ref(1066), _PADIM.ref(1083)),
}


def _units(identifier: int) -> Member:
    return _PADIM.prop(identifier, "UA:EngineeringUnits", EU_INFORMATION, M, links=dictionary(PHYSICAL_UNIT))


def _tag(identifier: int) -> Member:
    return _PADIM.prop(identifier, "SignalTag", STRING, M, links=dictionary(SIGNAL_TAG))


def _signal(identifier: int, name: str) -> TypeRow:
    return _PADIM.object_type(identifier, name, ANALYTICAL_SIGNAL)


def _analyser(identifier: int, name: str, irdi: str) -> TypeRow:
    return _PADIM.object_type(identifier, name, PROCESS_ANALYSER, links=dictionary(irdi))


PADIM_TYPES: tuple[TypeRow, ...] = (
    _PADIM.object_type(1050, "IAdministrationType", BASE_INTERFACE, abstract=True),
    _PADIM.object_type(
        1052,
        "ISignalSetType",
        BASE_INTERFACE,
        _PADIM.object(1074, "SignalSet", SIGNAL_SET, O),
        abstract=True,
    ),
    _PADIM.variable_type(
        1111,
        "AnalogSignalVariableType",
        ANALOG_UNIT_RANGE,
        NUMBER,
        _units(1206),
        rank=ANY,
        links=dictionary(INPUT_OUTPUT_VALUE),
    ),
    _PADIM.variable_type(1127, "AnalyticalMeasurementVariableType", ANALOG_SIGNAL_VARIABLE, FLOAT, rank=ANY),
    _PADIM.variable_type(1274, "PatMeasurementVariableType", ANALYTICAL_VARIABLE, FLOAT),
    _PADIM.object_type(1008, "SignalType", BASE_OBJECT, _tag(1035)),
    _PADIM.object_type(
        1021,
        "SignalSetType",
        BASE_OBJECT,
        _PADIM.object(1024, "<SignalIdentifier>", SIGNAL, OP, _tag(1160)),
    ),
    _PADIM.object_type(
        1022,
        "AnalogSignalType",
        SIGNAL,
        _PADIM.variable(
            1027,
            "AnalogSignal",
            ANALOG_SIGNAL_VARIABLE,
            NUMBER,
            M,
            _units(1190),
            _PADIM.prop(1191, "UA:EURange", RANGE),
            rank=ANY,
            links=dictionary(INPUT_OUTPUT_VALUE),
        ),
    ),
    _PADIM.object_type(
        1065,
        "AnalyticalSignalType",
        ANALOG_SIGNAL,
        _PADIM.variable(
            1328,
            "AnalogSignal",
            PAT_VARIABLE,
            FLOAT,
            M,
            _units(1225),
            _PADIM.prop(1226, "UA:EURange", RANGE),
            links=dictionary(INPUT_OUTPUT_VALUE),
        ),
    ),
    _signal(1075, "ParamagneticSignalType"),
    _signal(1071, "NonDispersiveInfraredSignalType"),
    _signal(1081, "ZirconiumDioxideSignalType"),
    _signal(1079, "TunableDiodeLaserSignalType"),
    _signal(1077, "ThermalConductivitySignalType"),
    _signal(1069, "FlameIonisationSignalType"),
    _signal(1066, "AmperometricSignalType"),
    _PADIM.object_type(
        1009,
        "PADIMType",
        COMPONENT,
        _PADIM.prop(1010, "DI:Manufacturer", LOCALIZED_TEXT, links=dictionary("0112/2///61360_7#CBA031#001")),
        _PADIM.prop(1011, "DI:ManufacturerUri", STRING, links=dictionary("0112/2///61360_7#CBA032#001")),
        _PADIM.prop(1012, "DI:Model", LOCALIZED_TEXT, links=dictionary("0112/2///61360_7#CBA039#001")),
        _PADIM.prop(1013, "DI:SerialNumber", STRING, links=dictionary("0112/2///61360_7#CBA050#001")),
        _PADIM.prop(1014, "DI:SoftwareRevision", STRING, links=dictionary("0112/2///61360_7#CBA046#001")),
        _PADIM.prop(1015, "DI:HardwareRevision", STRING, links=dictionary("0112/2///61360_7#CBA047#001")),
        _PADIM.prop(1016, "DI:ProductCode", STRING, links=dictionary("0112/2///61360_7#CBA040#001")),
        _PADIM.prop(1020, "DI:ProductInstanceUri", STRING, links=dictionary("0112/2///61360_7#CBA055#001")),
        _PADIM.prop(1019, "DI:AssetId", STRING, links=dictionary("0112/2///61987#ABA038#004")),
        _PADIM.prop(1017, "DI:RevisionCounter", INT32, links=dictionary("0112/2///61987#ABN603#002")),
        _PADIM.variable(
            1029, "DI:DeviceHealth", BASE_VARIABLE, DEVICE_HEALTH, M, links=dictionary("0112/2///61987#ABN972#002")
        ),
        _PADIM.object(1018, "DI:DeviceHealthAlarms", FOLDER, O),
        _PADIM.object(1034, "SignalSet", SIGNAL_SET, O),
        links=interfaces(_ADMINISTRATION, _HAS_SIGNAL_SET, DEVICE_HEALTH_INTERFACE),
    ),
    _PADIM.object_type(1082, "ProcessAnalyserType", PADIM_DEVICE, links=dictionary("0112/2///61987#ABP397#002")),
    _analyser(1088, "ParamagneticGasAnalyserType", "0112/2///61987#ABP436#002"),
    _analyser(1086, "NonDispersiveInfraredGasAnalyserType", "0112/2///61987#ABP425#002"),
    _analyser(1093, "ZirconiumDioxideAnalyserType", "0112/2///61987#ABP409#002"),
    _analyser(1092, "TunableDiodeLaserSpectrometerType", "0112/2///61987#ABP435#002"),
    _analyser(1090, "ThermalConductivityGasAnalyserType", "0112/2///61987#ABP453#002"),
    _analyser(1085, "FlameIonisationDetectorType", "0112/2///61987#ABP410#002"),
    _analyser(1083, "AmperometricAnalyserType", "0112/2///61987#ABP407#002"),
)
"""Supertypes before their subtypes."""
