"""From batches of Samples to Updates: what each layout of an analyser has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.model.channel_projection import ChannelProjector
from gateway.model.device_description import DeviceDescription
from gateway.model.point_projection import PointProjector
from gateway.model.points import PointGroup
from gateway.model.quality import State
from gateway.model.sample import Sample
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value_rules import Reason


class Projection(Protocol):
    """Turns the batches of one analyser into Updates of its acquired points."""

    def project(self, batch: Sequence[Sample]) -> Update:
        """One good batch."""
        ...

    def degrade(self, state: State, stamp: Stamp) -> Update:
        """All points fall to one state: the last value is kept where the state keeps values."""
        ...

    def reason(self, index: int, batch: Sequence[Sample]) -> Reason:
        """Why the point at that place of the group is in its state after that batch, the last one projected."""
        ...

    def in_state(self, update: Update, state: State) -> list[str]:
        """Channels, or points, whose value is in that state."""
        ...


def projection(group: PointGroup, description: DeviceDescription) -> Projection:
    """The one that fits the layout of an analyser.

    Args:
        group: Its acquired points, built by `build_site`.
        description: What its driver says of it.
    """
    if description.points:
        return PointProjector(group, description.points, description.channels)
    return ChannelProjector(group, description.channels)
