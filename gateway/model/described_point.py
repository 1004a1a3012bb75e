"""A point that a driver lays out itself."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.points import PointSpec


@dataclass(frozen=True, slots=True)
class DescribedPoint:
    """One point of an analyser that is not laid out like a gas analyser.

    Attributes:
        point: How clients see it. Samples name it in `channel`, as `PointSpec.browse_path`.
        channel: Key of the channel in `DeviceDescription.channels` whose range, limits and service hold for the value;
            None for a point without such rules, whose status alone decides.
        stale_after_s: Seconds without this point, while others come, after which it is stale; None to follow the
            analyser.
    """

    point: PointSpec
    channel: str | None = None
    stale_after_s: float | None = None
