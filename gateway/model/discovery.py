"""What is found on wires that nobody has described yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.errors import GatewayError
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ChannelKind


@dataclass(frozen=True, slots=True)
class FoundChannel:
    """One channel that an instrument has.

    Attributes:
        channel: Identity on the instrument (`I1`, `E2`).
        kind: Measured, derived or external.
        name: Name that the instrument shows, empty for none.
        unit: Unit that the instrument sends, empty for none.
        value: What it showed when it was found, in `unit`; None for no usable number.
        precision: Decimals it shows, None when that cannot be seen.
    """

    channel: str
    kind: ChannelKind
    name: str
    unit: str
    value: float | None
    precision: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """An instrument as its driver recognises it.

    Attributes:
        manufacturer: Maker.
        model: Model, as far as it can be told.
        channels: Every channel that holds something, in the order of the instrument.
        keys: What its entry in the settings has to say beside the common keys and `channels`: key to value.
        at: UTC of the values.
        remarks: What a person should know or look at, a sentence each.
    """

    manufacturer: str
    model: str
    channels: tuple[FoundChannel, ...]
    keys: Mapping[str, int | float]
    at: datetime
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundAnalyser:
    """One instrument on a wire.

    Attributes:
        driver: Name of the driver that knows it.
        address: Modbus address, None for one that talks unasked.
        proof: How it showed itself, in words.
        identity: What it said about itself.
    """

    driver: str
    address: int | None
    proof: str
    identity: Identity


@dataclass
class LinkFinding:
    """What is known of one link; it grows while the link is examined, so that nothing is lost when that is stopped.

    Attributes:
        link: As given.
        spec: Serial settings and framing that were proved, with the manners of a bus of the settings file; None while
            nothing is.
        proof: How they were proved, in words.
        analysers: Instruments that a driver knows.
        remarks: Whatever else was seen, a sentence each.
        problem: Why the link could not be examined, or not to the end.
        complete: Whether it was examined to the end.
    """

    link: str
    spec: BusSpec | None = None
    proof: str = ""
    analysers: list[FoundAnalyser] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problem: GatewayError | None = None
    complete: bool = False
