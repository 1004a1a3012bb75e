"""One line in continuous mode: frames at an interval to whoever listens."""

from __future__ import annotations

import math

import anyio
from anyio.abc import ByteStream
from anyio.streams.memory import MemoryObjectSendStream

from gateway.model.stamp import Clock
from gateway.model.wire_time import byte_seconds
from gateway.simulator.continuous_frame import encode_frame
from gateway.simulator.faults import FaultKind
from gateway.simulator.instrument import Instrument
from gateway.simulator.modbus_line import damaged
from gateway.simulator.serial_wire import SerialWire
from gateway.simulator.settings import LineSettings

_PIECES_KEPT = 256
_CHUNK = 1024


class ContinuousLine:
    """Sends frames on a fixed raster. Whatever clients send is read and thrown away.

    A client that joins while a frame is on the wire gets its tail first; one that does not read loses bytes and never
    delays the others.

    Attributes:
        sent: Frames put on the line.
    """

    def __init__(self, settings: LineSettings, instrument: Instrument, clock: Clock) -> None:
        self.sent = 0
        self._settings = settings
        self._instrument = instrument
        self._clock = clock
        self._wire = SerialWire(byte_seconds(settings.baudrate) if settings.baudrate else 0.0)
        self._listeners: set[MemoryObjectSendStream[bytes]] = set()

    async def run(self) -> None:
        """Send frames until cancelled."""
        if not self._settings.interval_s:
            await anyio.sleep_forever()
        interval_ns = round(self._settings.interval_s * 1e9)
        begin_ns = self._clock.monotonic_ns()
        while True:
            await self._clock.sleep_until(begin_ns)
            if not self._instrument.shows(FaultKind.SILENT):
                await self._wire.transmit(self._frame(), begin_ns, self._clock, self._deliver)
                self.sent += 1
            late_ns = self._clock.monotonic_ns() - begin_ns
            begin_ns += interval_ns * max(1, math.ceil(late_ns / interval_ns))

    async def attend(self, stream: ByteStream) -> None:
        """Feed one client until it goes.

        Raises:
            BrokenResourceError: The client is lost.
        """
        send, receive = anyio.create_memory_object_stream[bytes](_PIECES_KEPT)
        with send, receive:
            self._listeners.add(send)
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_discard_until_closed, stream, tasks.cancel_scope)
                    async for piece in receive:
                        await stream.send(piece)
            except* (anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass
            finally:
                self._listeners.discard(send)

    def _frame(self) -> bytes:
        frame = encode_frame(self._instrument.state(), self._settings.line_ending)
        return damaged(frame) if self._instrument.shows(FaultKind.DAMAGED) else frame

    async def _deliver(self, piece: bytes) -> None:
        for listener in self._listeners:
            if listener.statistics().current_buffer_used < _PIECES_KEPT:
                listener.send_nowait(piece)


async def _discard_until_closed(stream: ByteStream, scope: anyio.CancelScope) -> None:
    try:
        while True:
            await stream.receive(_CHUNK)
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        scope.cancel()
