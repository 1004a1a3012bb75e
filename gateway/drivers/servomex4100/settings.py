"""What an analyser entry with `driver: servomex4100` may say beside the common keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.channel_spec import ChannelSpec


@dataclass(frozen=True, slots=True)
class Servomex4100Settings:
    """One Servomex 4000-series analyser (4100, 4200, 4210 ...).

    Attributes:
        channels: Channels to serve, by their identity on the instrument: `I1` to `I4`, `D1` to `D4`, `E1`, `E2`.
        address: Modbus address, 1 to 247; not used in continuous mode.
        frame_interval_s: Frame frequency set on the analyser in continuous mode, in seconds, 1 to 9999.
    """

    channels: Mapping[str, ChannelSpec] = field(default_factory=dict)
    address: int = 1
    frame_interval_s: float = 2.0
