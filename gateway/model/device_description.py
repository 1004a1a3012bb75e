"""What a driver knows about an analyser before it has spoken to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.actions import ActionSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.described_point import DescribedPoint
from gateway.model.diagnostics import Counter
from gateway.model.meaning import ChannelRole, CompanionModel
from gateway.model.nameplate import Nameplate
from gateway.model.quality import QUALITY, Quality, State


@dataclass(frozen=True, slots=True)
class DeviceDescription:
    """An analyser from the settings alone.

    Attributes:
        manufacturer: Maker, empty when not known.
        model: Model, empty when not known.
        channels: Channel identity to description, in the order of every batch.
        calibration_groups: Number of calibration groups whose state the analyser reports.
        has_clock: Whether it reports its own clock.
        frame_interval_s: Seconds between frames of an analyser that talks unasked; None for one that is polled.
        address: Modbus address on its bus; None where it has none.
        actions: What it can be made to do; in a running gateway, those that the settings have opened.
        roles: Channel identity to what it is within the analyser; one that is left out is measured.
        companion_model: How the settings want OPC UA clients to see it; no driver says this.
        quality: How the settings want its states to look; no driver says this.
        nameplate: What the settings say of the instrument; no driver says this.
        points: What it offers, where that is not a value, a name and status bits per channel; a batch then has a Sample
            for each of them that is new. Left empty, the channels are those of a gas analyser.
        counters: Further counters, read from `LocalSource.counters`; a group of their own.
        is_local: Whether it is on no bus; a driver says this of every analyser that it reaches by itself.
    """

    manufacturer: str
    model: str
    channels: Mapping[str, ChannelSpec]
    calibration_groups: int = 0
    has_clock: bool = False
    frame_interval_s: float | None = None
    address: int | None = None
    actions: tuple[ActionSpec, ...] = ()
    roles: Mapping[str, ChannelRole] = field(default_factory=dict)
    companion_model: CompanionModel = CompanionModel.PLAIN
    quality: Mapping[State, Quality] = field(default_factory=lambda: QUALITY)
    nameplate: Nameplate = field(default_factory=Nameplate)
    points: tuple[DescribedPoint, ...] = ()
    counters: tuple[Counter, ...] = ()
    is_local: bool = False

    @property
    def on_shared_bus(self) -> bool:
        """Whether it is asked over a bus that others may use too."""
        return self.frame_interval_s is None and not self.is_local
