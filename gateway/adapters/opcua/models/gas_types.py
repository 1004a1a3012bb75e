"""Types of our own, for what gas analysers have and no companion model describes."""

from __future__ import annotations

from gateway.adapters.opcua.models.adi_types import ANALYSER_DEVICE
from gateway.adapters.opcua.models.di_types import FUNCTIONAL_GROUP
from gateway.adapters.opcua.models.namespaces import GAS
from gateway.adapters.opcua.models.node_table import OP, M, O, Rows, TypeRow
from gateway.adapters.opcua.models.standard_types import BASE_VARIABLE, BOOLEAN, FOLDER, INT32

_GAS = Rows(GAS)

GAS_ANALYSER_DEVICE = _GAS.ref(1001)
CALIBRATION_GROUP = _GAS.ref(1002)
CALIBRATION_GROUPS = _GAS.ref(1003)

CALIBRATION_TYPES: tuple[TypeRow, ...] = (
    _GAS.object_type(
        1002,
        "CalibrationGroupType",
        FUNCTIONAL_GROUP,
        _GAS.variable(1021, "Calibrating", BASE_VARIABLE, BOOLEAN, M),
        _GAS.variable(1022, "Gas", BASE_VARIABLE, INT32, M),
        _GAS.method(1023, "Start", rule=O),
    ),
    _GAS.object_type(
        1003,
        "CalibrationGroupsType",
        FOLDER,
        _GAS.object(1031, "<CalibrationGroupIdentifier>", CALIBRATION_GROUP, OP),
        _GAS.method(1032, "Stop", rule=O),
    ),
)
"""Groups of channels that are calibrated together, of whatever model."""

GAS_TYPES: tuple[TypeRow, ...] = (
    _GAS.object_type(
        1001,
        "GasAnalyserDeviceType",
        ANALYSER_DEVICE,
        _GAS.object(1011, "CalibrationGroups", CALIBRATION_GROUPS, O),
    ),
)
"""The gas analyser among the analyser devices of ADI, which has none."""
