"""A recorded Modbus bus as a server: it answers as the analysers did when they were recorded."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import anyio
from anyio.abc import ByteStream

from gateway.capture.modbus_meaning import EXCEPTION_BIT
from gateway.capture.recorded_answers import RecordedAnswers
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.simulator.framing import DesynchronisedError, Framing, Request
from gateway.simulator.modbus_line import FRAMINGS

_CHUNK = 1024
_MOST_UNKNOWN_NAMED = 100
_TRANSACTION_BYTES = 2
_TARGET_SILENT = 11
_LOG = logging.getLogger("gateway.replay")


class ReplayedModbus:
    """Answers masters from a recording; recorded silence is silence.

    A request that was never recorded is named in the log, once, and gets no answer; on Modbus TCP it gets exception 11,
    by which a gateway says that nobody answers behind it.

    Args:
        protocol: Framing on the wire.
        answers: The recording.
        speed: Factor by which answers come sooner than recorded; 0 for at once.
        clock: Time.
    """

    def __init__(self, protocol: ProtocolKind, answers: RecordedAnswers, speed: float, clock: Clock) -> None:
        self._protocol = protocol
        self._answers = answers
        self._speed = speed
        self._clock = clock
        self._unknown: set[tuple[int, bytes]] = set()

    async def run(self) -> None:
        """Nothing to do unasked."""
        await anyio.sleep_forever()

    async def attend(self, stream: ByteStream) -> None:
        """Serve one client until it goes."""
        client = _Client(stream, FRAMINGS[self._protocol]())
        try:
            while True:
                requests = await client.requests()
                arrived_ns = self._clock.monotonic_ns()
                for request in requests:
                    await self._serve(client, request, arrived_ns)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, DesynchronisedError):
            return

    async def _serve(self, client: _Client, request: Request, arrived_ns: int) -> None:
        answer = self._answers.next(request.unit, request.pdu)
        if answer is None:
            self._name_unknown(request)
            if self._protocol is ProtocolKind.MODBUS_TCP:
                await client.answer(request, bytes([request.pdu[0] | EXCEPTION_BIT, _TARGET_SILENT]))
            return
        client.transactions[answer.transaction] = request.transaction.to_bytes(_TRANSACTION_BYTES, "big")
        for after_us, data in answer.pieces:
            if self._speed:
                await self._clock.sleep_until(arrived_ns + round(after_us * 1000 / self._speed))
            if answer.echoes:
                await client.answer(request, request.pdu)
            elif self._protocol is ProtocolKind.MODBUS_TCP:
                number = data[:_TRANSACTION_BYTES]
                await client.stream.send(client.transactions.get(number, number) + data[_TRANSACTION_BYTES:])
            else:
                await client.stream.send(data)

    def _name_unknown(self, request: Request) -> None:
        key = (request.unit, request.pdu)
        if key not in self._unknown and len(self._unknown) < _MOST_UNKNOWN_NAMED:
            self._unknown.add(key)
            _LOG.warning("never recorded: address %d, request %s; it gets no answer", request.unit, request.pdu.hex())


@dataclass
class _Client:
    """One connection.

    Attributes:
        stream: Its bytes.
        framing: Cuts them into requests.
        transactions: Number of a request in the recording to the number of the same request here.
    """

    stream: ByteStream
    framing: Framing
    transactions: dict[bytes, bytes] = field(default_factory=dict)

    async def requests(self) -> list[Request]:
        chunk = b""
        with anyio.move_on_after(self.framing.idle_s if self.framing.pending else None):
            chunk = await self.stream.receive(_CHUNK)
        return self.framing.feed(chunk) if chunk else self.framing.idle()

    async def answer(self, request: Request, data: bytes) -> None:
        await self.stream.send(self.framing.encode(request, data))
