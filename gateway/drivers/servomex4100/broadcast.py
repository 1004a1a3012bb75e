"""A Servomex 4100 in continuous mode: it talks, we listen."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence

from gateway.drivers.servomex4100.channels import SLOT_BY_ID
from gateway.drivers.servomex4100.frame_stream import FrameStream
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserFrame, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.stamp import Stamp
from gateway.ports import LinkOpener


class BroadcastAnalyser:
    """One analyser that talks unasked; a `ports.BroadcastSource`.

    Each frame is stamped with the arrival of the bytes that completed it. A wanted channel that a frame does not carry
    is a reading without value.
    """

    def __init__(self, device: str, channels: Sequence[str], wire: LinkOpener) -> None:
        self._device = device
        self._wire = wire
        self._text = DisplayText()
        self._absent = {
            channel: Reading(channel, SLOT_BY_ID[channel].kind, "", None, "", ChannelStatus()) for channel in channels
        }
        self._log = logging.getLogger(f"gateway.analyser.{device}")

    async def batches(self) -> AsyncGenerator[Sequence[Sample], None]:
        """Open the wire and yield one batch per frame.

        Raises:
            LinkError: The wire is gone or cannot be opened.
        """
        async with self._wire.open() as link:
            frames = FrameStream(self._text)
            while True:
                data, stamp = await link.receive()
                for result in frames.feed(data):
                    yield (
                        [self._failed(result, stamp)]
                        if isinstance(result, ProtocolError)
                        else self._batch(result, stamp)
                    )

    def _batch(self, frame: AnalyserFrame, stamp: Stamp) -> Sequence[Sample]:
        for code in self._text.take_new_codes():
            self._log.warning("%s: unknown display character %s in a name or unit", self._device, code)
        readings = {reading.channel: reading for reading in frame.readings}
        metadata = {"analyser": frame.analyser}
        return [
            Sample(
                device=self._device,
                channel=channel,
                reading=readings.get(channel, absent),
                protocol=ProtocolKind.CONTINUOUS,
                monotonic_ns=stamp.monotonic_ns,
                received_at=stamp.utc,
                metadata=metadata,
            )
            for channel, absent in self._absent.items()
        ]

    def _failed(self, error: ProtocolError, stamp: Stamp) -> Sample:
        return Sample(
            device=self._device,
            channel=None,
            reading=None,
            protocol=ProtocolKind.CONTINUOUS,
            monotonic_ns=stamp.monotonic_ns,
            received_at=stamp.utc,
            error=error,
        )
