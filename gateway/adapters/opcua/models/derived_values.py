"""What companion models show and no point says: pure functions of the latest values and states of one analyser.

Where nothing came from the analyser yet, or nothing comes any more, the state says so; a state that keeps no value
takes away what is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.adapters.opcua.models.point_places import Flags
from gateway.model.device_health import HEALTH_BY_VALUE, DeviceHealth, worst
from gateway.model.quality import State
from gateway.model.value import Value

Values = Sequence[Value]
States = Sequence[State]


@dataclass(frozen=True, slots=True)
class Part:
    """Points that tell the health of one part: a channel, or a whole analyser.

    Attributes:
        witness: Place of a flag; flags lose their state GOOD only with the communication, and then all at once.
        flags: Flags of the part itself.
        channels: Of each channel of the part, the place of its value and its flags.
    """

    witness: int
    flags: Flags
    channels: tuple[tuple[int, Flags], ...]


@dataclass(frozen=True, slots=True)
class Health:
    """`DeviceHealth` and `DiagnosticStatus`: the signal that counts. Channels out of service do not count."""

    part: Part

    def __call__(self, values: Values, states: States) -> tuple[int, State]:
        """The number of a `DeviceHealth`."""
        signals = [health for place, health in self.part.flags if values[place]]
        for value, flags in self.part.channels:
            if states[value] is not State.OUT_OF_SERVICE:
                signals.extend(health for place, health in flags if values[place])
                signals.append(HEALTH_BY_VALUE.get(states[value], DeviceHealth.NORMAL))
        return int(worst(signals)), states[self.part.witness]


@dataclass(frozen=True, slots=True)
class InService:
    """`IsEnabled`: whether a channel is in service. It does not need the analyser."""

    value: int

    def __call__(self, _values: Values, states: States) -> tuple[bool, State]:
        """False for a channel that the settings take out of service."""
        return states[self.value] is not State.OUT_OF_SERVICE, State.GOOD


GOOD_RESULT, BAD_RESULT, UNKNOWN_RESULT = 1, 2, 3
"""Of `AcquisitionResultStatusEnumeration`."""


@dataclass(frozen=True, slots=True)
class AcquisitionResult:
    """`AcquisitionResultStatus`: whether the last measurement can be used.

    Attributes:
        value: Place of the measured value.
        witness: Place of a flag that tells whether anything is known.
        bad: States whose StatusCode is Bad.
        uncertain: States whose StatusCode is Uncertain.
    """

    value: int
    witness: int
    bad: frozenset[State]
    uncertain: frozenset[State]

    def __call__(self, _values: Values, states: States) -> tuple[int, State]:
        """Good, unknown or bad as the StatusCode of the value is Good, Uncertain or Bad."""
        state = states[self.value]
        result = BAD_RESULT if state in self.bad else UNKNOWN_RESULT if state in self.uncertain else GOOD_RESULT
        return result, states[self.witness]


@dataclass(frozen=True, slots=True)
class HasSample:
    """Whether the last update was a sample, for the time of the last sample.

    Attributes:
        witness: Place of a flag that tells whether anything is known.
    """

    witness: int

    def __call__(self, _values: Values, states: States) -> tuple[bool | None, State]:
        """None while no sample comes: the last update is then the loss of the communication."""
        state = states[self.witness]
        return True if state is State.GOOD else None, state
