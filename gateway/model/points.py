"""What clients can see, described before any input or output: points, devices and the whole site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.model.meaning import CompanionModel, DeviceChannel, Meaning
from gateway.model.nameplate import Nameplate
from gateway.model.quality import QUALITY, Quality, State

if TYPE_CHECKING:
    from gateway.model.actions import ActionSpec


class ValueKind(StrEnum):
    """Natural type of a point's value."""

    FLOAT = "float"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """Limits of a process value in its own unit; a limit that is left out is off.

    Attributes:
        low_low: At or below it the value is in major alarm (EPICS LOLO).
        low: At or below it the value is in minor alarm (EPICS LOW).
        high: At or above it the value is in minor alarm (EPICS HIGH).
        high_high: At or above it the value is in major alarm (EPICS HIHI).
        hysteresis: How far the value has to come back from a limit before the alarm ends (EPICS HYST).
        delay_s: Seconds that the value has to stay beyond a limit before the alarm begins.
    """

    low_low: float | None = None
    low: float | None = None
    high: float | None = None
    high_high: float | None = None
    hysteresis: float = 0.0
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PointSpec:
    """One thing a client can see.

    Attributes:
        path: Place inside its device, from the outside in: `("I1", "Value")`, `("Diagnostics", "Emitted")`.
        kind: Natural type.
        description: What it means, one line.
        unit: Engineering unit, empty for none.
        display_range: Lowest and highest value expected (OPC UA EURange, EPICS LOPR/HOPR); None when not known.
        instrument_range: Lowest and highest value that the instrument can show (OPC UA InstrumentRange); None when not
            known.
        length: Most elements of an array of numbers (OPC UA ArrayDimensions, EPICS NELM), whose kind is then
            `ValueKind.FLOAT`; None for a single value.
        precision: Decimals worth showing (EPICS PREC).
        limits: Alarm limits, None for none.
        cyclic: True for a value written on every tick; False for one written only when it changes.
        meaning: What it says, None where no alarm and no information model asks for it.
    """

    path: tuple[str, ...]
    kind: ValueKind
    description: str
    unit: str = ""
    display_range: tuple[float, float] | None = None
    precision: int = 0
    limits: AlarmLimits | None = None
    cyclic: bool = False
    meaning: Meaning | None = None
    instrument_range: tuple[float, float] | None = None
    length: int | None = None

    @property
    def browse_path(self) -> str:
        """The path as text, `I1/Value`."""
        return "/".join(self.path)

    @property
    def type_name(self) -> str:
        """The type for people: `float`, or `float[1000]` for an array of up to so many."""
        return self.kind.value if self.length is None else f"{self.kind.value}[{self.length}]"


@dataclass(frozen=True, slots=True)
class PointGroup:
    """Points that change together: one Update carries all of them.

    Attributes:
        index: Place of this group in `SiteSpec.groups`.
        device: Name of the analyser.
        points: Fixed order; values and states of an Update follow it index for index.
        name: What it is within its device; see `DeviceSpec.group`.
        quality: How each state of these points looks: the default table, or that of the settings for this analyser.
    """

    index: int
    device: str
    points: tuple[PointSpec, ...]
    name: str = ""
    quality: Mapping[State, Quality] = field(default_factory=lambda: QUALITY, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One analyser as clients see it.

    Attributes:
        name: Name from the settings, unique in the site.
        description: One line for people.
        manufacturer: Maker, empty when not known.
        model: Model, empty when not known.
        groups: Groups of points; the first, `Acquired`, is what the analyser says.
        actions: Actions that the settings have opened.
        channels: Its channels, in the order of their points.
        companion_model: How OPC UA clients see it beside the plain tree.
        nameplate: What the site says of the instrument.
    """

    name: str
    description: str
    manufacturer: str
    model: str
    groups: tuple[PointGroup, ...]
    actions: tuple[ActionSpec, ...] = ()
    channels: tuple[DeviceChannel, ...] = ()
    companion_model: CompanionModel = CompanionModel.PLAIN
    nameplate: Nameplate = field(default_factory=Nameplate)

    @property
    def quality(self) -> Mapping[State, Quality]:
        """How each state of what the analyser says looks; `PointGroup.quality` of the first group."""
        return self.groups[0].quality

    @property
    def points(self) -> tuple[PointSpec, ...]:
        """All points of all groups, in order."""
        return tuple(point for group in self.groups for point in group.points)

    def group(self, name: str) -> PointGroup | None:
        """The group of that name: `Acquired`, `Action`, `Address`, `Bus` or `Diagnostics`; None if it has none."""
        return next((group for group in self.groups if group.name == name), None)


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """Everything one gateway serves. `name` is part of the OPC UA namespace and the same on every machine."""

    name: str
    devices: tuple[DeviceSpec, ...]

    @property
    def groups(self) -> tuple[PointGroup, ...]:
        """All groups of all devices; `groups[i].index == i`."""
        return tuple(group for device in self.devices for group in device.groups)
