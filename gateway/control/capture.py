"""The verb `capture`: what a bus carries, line by line as it goes into a capture file."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.capture.events import CaptureHeader
from gateway.capture.feed import CaptureFeed
from gateway.capture.line_format import encode_event, encode_header
from gateway.control.server import Answers
from gateway.errors import InputError
from gateway.model.bus_spec import BusSpec
from gateway.model.stamp import Clock
from gateway.wire.tap import WireTap

_LINES_AT_ONCE = 100


class CaptureVerb:
    """Tells what is seen on a bus from now on.

    Answers `{"capture": header line}` once, then `{"events": [lines]}` until the client leaves. A client that does
    not keep up finds `lost` lines instead of events; the wire never waits for it.

    Args:
        buses: Buses by name.
        taps: Where to listen in, by name of the bus.
        drivers: By name of the bus, Modbus address to the name of the driver that the settings give it.
        clock: Time.
    """

    def __init__(
        self,
        buses: Mapping[str, BusSpec],
        taps: Mapping[str, WireTap],
        drivers: Mapping[str, Mapping[int, str]],
        clock: Clock,
    ) -> None:
        self._buses = buses
        self._taps = taps
        self._drivers = drivers
        self._clock = clock

    async def answers(self, request: Mapping[str, object]) -> Answers:
        """A `server.Verb`.

        Raises:
            InputError: There is no such bus.
        """
        bus = str(request.get("bus"))
        if bus not in self._taps:
            known = ", ".join(self._taps)
            raise InputError(f"there is no bus '{bus}'", hint=f"choose from {known}" if known else "there are no buses")
        feed = CaptureFeed(self._clock)
        with self._taps[bus].attached(feed.take):
            header = CaptureHeader.of_bus(bus, self._buses[bus], feed.started, self._drivers.get(bus, {}))
            yield {"capture": encode_header(header)}
            while True:
                events = await feed.next()
                for first in range(0, len(events), _LINES_AT_ONCE):
                    yield {"events": [encode_event(event) for event in events[first : first + _LINES_AT_ONCE]]}
