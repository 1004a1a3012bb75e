"""Where the points of one analyser are, by what they mean."""

from __future__ import annotations

from gateway.errors import AdapterError
from gateway.model.device_health import HEALTH_BY_FLAG, DeviceHealth
from gateway.model.meaning import Meaning
from gateway.model.points import DeviceSpec, PointSpec

Flags = tuple[tuple[int, DeviceHealth], ...]
"""Places of flags in their group, and what each says when it is up."""


class PointPlaces:
    """The points that an analyser acquires.

    Args:
        device: The analyser.
    """

    def __init__(self, device: DeviceSpec) -> None:
        group = device.groups[0]
        self.group = group.index
        self._points = group.points
        self._places = {
            (point.path[0], point.meaning): place for place, point in enumerate(group.points) if point.meaning
        }
        self._device = device.name
        self._analyser = next((owner for owner, meaning in self._places if meaning is Meaning.COMMUNICATION), "")

    def find(self, owner: str, meaning: Meaning) -> int | None:
        """Place of what one channel or calibration group says; None if it does not say that."""
        return self._places.get((owner, meaning))

    def of_analyser(self, meaning: Meaning) -> int | None:
        """Place of what the analyser says of itself; None if it does not say that."""
        return self.find(self._analyser, meaning)

    def point(self, place: int) -> PointSpec:
        """What is in that place."""
        return self._points[place]

    @property
    def witness(self) -> int:
        """Place of a flag of the analyser: flags lose their state GOOD only with the communication, all at once.

        Raises:
            AdapterError: It has none, so that no information model can be made of it.
        """
        place = self.of_analyser(Meaning.FAULT)
        if place is None:
            raise AdapterError(
                "no point says whether the analyser is in order",
                where=self._device,
                hint="set `model: plain`: its driver does not say enough for another",
            )
        return place

    def analyser_flags(self) -> Flags:
        """Flags of the analyser that count for its health."""
        return self._flags(self._analyser)

    def channel_health(self, channel: str) -> tuple[int, Flags]:
        """Place of the value of a channel, and its flags that count for its health."""
        return self._places[channel, Meaning.VALUE], self._flags(channel)

    def _flags(self, owner: str) -> Flags:
        found = ((self.find(owner, meaning), health) for meaning, health in HEALTH_BY_FLAG.items())
        return tuple((place, health) for place, health in found if place is not None)

    def calibration_groups(self) -> tuple[str, ...]:
        """Calibration groups whose state the analyser reports, in order."""
        return tuple(owner for owner, meaning in self._places if meaning is Meaning.CALIBRATION_GAS)
