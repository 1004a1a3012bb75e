"""OPC UA StatusCodes that a value can have, by symbolic name, and their parts.

Codes: `StatusCode.csv` of the OPC Foundation, which OPC 10000-6 annex A.2 refers to; which of them are for values: OPC
10000-4 section 7.39.2 and OPC 10000-8 section 7.3.2. Names are spelled as in that file, without underscores.
"""

from __future__ import annotations

from enum import IntEnum


class StatusClass(IntEnum):
    """The two highest bits of a StatusCode; the higher, the worse."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


class LimitBits(IntEnum):
    """Limit bits of a StatusCode (OPC 10000-4 section 7.39.1): the data source cannot show less, or more, or else."""

    NONE = 0x0000
    LOW = 0x0100
    HIGH = 0x0200
    CONSTANT = 0x0300


_DATA_VALUE = 0x0400
"""InfoType of a StatusCode whose lower bits, such as the limit bits, speak of a value."""

STATUS_CODES: dict[str, int] = {
    "Good": 0x0000_0000,
    "GoodClamped": 0x0030_0000,
    "GoodLocalOverride": 0x0096_0000,
    "GoodSubNormal": 0x00EB_0000,
    "Uncertain": 0x4000_0000,
    "UncertainNoCommunicationLastUsableValue": 0x408F_0000,
    "UncertainLastUsableValue": 0x4090_0000,
    "UncertainSubstituteValue": 0x4091_0000,
    "UncertainInitialValue": 0x4092_0000,
    "UncertainSensorNotAccurate": 0x4093_0000,
    "UncertainEngineeringUnitsExceeded": 0x4094_0000,
    "UncertainSubNormal": 0x4095_0000,
    "UncertainTransducerInManual": 0x4208_0000,
    "UncertainSimulatedValue": 0x4209_0000,
    "UncertainSensorCalibration": 0x420A_0000,
    "UncertainConfigurationError": 0x420F_0000,
    "Bad": 0x8000_0000,
    "BadCommunicationError": 0x8005_0000,
    "BadTimeout": 0x800A_0000,
    "BadShutdown": 0x800C_0000,
    "BadServerNotConnected": 0x800D_0000,
    "BadServerHalted": 0x800E_0000,
    "BadNoCommunication": 0x8031_0000,
    "BadWaitingForInitialData": 0x8032_0000,
    "BadOutOfRange": 0x803C_0000,
    "BadNotSupported": 0x803D_0000,
    "BadConfigurationError": 0x8089_0000,
    "BadNotConnected": 0x808A_0000,
    "BadDeviceFailure": 0x808B_0000,
    "BadSensorFailure": 0x808C_0000,
    "BadOutOfService": 0x808D_0000,
    "BadNoData": 0x809B_0000,
    "BadDataLost": 0x809D_0000,
    "BadDataUnavailable": 0x809E_0000,
    "BadInvalidState": 0x80AF_0000,
    "BadNoDataAvailable": 0x80B1_0000,
}
"""Symbolic name to code, in the order of the codes."""


def status_class(code: int) -> StatusClass:
    """Good, Uncertain or Bad; a reserved combination counts as Bad, as OPC 10000-4 section 7.39.1 wants it."""
    return StatusClass(min(code >> 30, StatusClass.BAD))


def with_limit(code: int, limit: LimitBits) -> int:
    """A StatusCode with these limit bits."""
    return code if limit is LimitBits.NONE else code | _DATA_VALUE | limit
