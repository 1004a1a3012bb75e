"""What a driver knows about an analyser before it has spoken to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model.actions import ActionSpec
from gateway.model.channel_spec import ChannelSpec


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
    """

    manufacturer: str
    model: str
    channels: Mapping[str, ChannelSpec]
    calibration_groups: int = 0
    has_clock: bool = False
    frame_interval_s: float | None = None
    address: int | None = None
    actions: tuple[ActionSpec, ...] = ()
