"""How the settings describe one channel of an analyser."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.meaning import Technology
from gateway.model.points import AlarmLimits


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """One channel as the site wants to see it, known before any input or output.

    Attributes:
        unit: Engineering unit that the analyser is expected to send. Another unit on the wire makes the value bad
            rather than wrong by a factor.
        range: Lowest and highest value expected; the OPC UA EURange and the EPICS display limits.
        instrument_range: Lowest and highest value that the analyser can show for this channel; the OPC UA
            InstrumentRange. A value at one of its ends counts as clamped, except at an end that is 0.
        precision: Decimals worth showing.
        description: One line for people.
        limits: Alarm limits in `unit`.
        out_of_service: True while the channel is not to be used, whatever the analyser says of it.
        technology: How the channel measures; OPC UA companion models type it by that. Left out, it is not known.
        tag: Name of the signal in the plant, such as QI4711; the SignalTag of PA-DIM. Left out, analyser and channel
            stand for it.
    """

    unit: str
    range: tuple[float, float] | None = None
    precision: int = 3
    description: str = ""
    limits: AlarmLimits | None = None
    technology: Technology | None = None
    instrument_range: tuple[float, float] | None = None
    out_of_service: bool = False
    tag: str = ""
