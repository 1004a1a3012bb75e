"""Health of an instrument by NAMUR NE 107, from what its points say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from gateway.model.meaning import Meaning
from gateway.model.quality import State


class DeviceHealth(IntEnum):
    """The four status signals of NE 107, numbered as `DeviceHealthEnumeration` (OPC 10000-100 section 4.5.4)."""

    NORMAL = 0
    FAILURE = 1
    CHECK_FUNCTION = 2
    OFF_SPEC = 3
    MAINTENANCE_REQUIRED = 4


PRIORITY: tuple[DeviceHealth, ...] = (
    DeviceHealth.FAILURE,
    DeviceHealth.CHECK_FUNCTION,
    DeviceHealth.OFF_SPEC,
    DeviceHealth.MAINTENANCE_REQUIRED,
)
"""Of several signals at once, the one that counts: F before C before S before M."""

HEALTH_BY_FLAG: Mapping[Meaning, DeviceHealth] = {
    Meaning.FAULT: DeviceHealth.FAILURE,
    Meaning.INVALID_INPUT: DeviceHealth.FAILURE,
    Meaning.CALIBRATING: DeviceHealth.CHECK_FUNCTION,
    Meaning.WARMING_UP: DeviceHealth.CHECK_FUNCTION,
    Meaning.MAINTENANCE: DeviceHealth.MAINTENANCE_REQUIRED,
}
"""What a flag that is up says of its channel, or of the analyser. A process alarm says nothing of either."""

HEALTH_BY_VALUE: Mapping[State, DeviceHealth] = {
    State.NO_VALUE: DeviceHealth.FAILURE,
    State.OUT_OF_RANGE_LOW: DeviceHealth.OFF_SPEC,
    State.OUT_OF_RANGE_HIGH: DeviceHealth.OFF_SPEC,
    State.CLAMPED_LOW: DeviceHealth.OFF_SPEC,
    State.CLAMPED_HIGH: DeviceHealth.OFF_SPEC,
}
"""What the state of a measured value says of its channel beyond the flags."""


def worst(signals: Iterable[DeviceHealth]) -> DeviceHealth:
    """The signal that counts among several; normal where there is none."""
    present = frozenset(signals)
    return next((signal for signal in PRIORITY if signal in present), DeviceHealth.NORMAL)
