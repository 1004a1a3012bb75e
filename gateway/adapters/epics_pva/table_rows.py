"""Which channels of an analyser are rows of its table."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.points import DeviceSpec


def table_rows(device: DeviceSpec) -> Sequence[str]:
    """Names of the channels with a single value, in their order; none for an analyser that has no table."""
    values = {point.path for point in device.groups[0].points if point.length is None}
    return [channel.name for channel in device.channels if (channel.name, "Value") in values]
