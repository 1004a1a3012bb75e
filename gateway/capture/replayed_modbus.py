"""A recorded Modbus bus as a server: it answers as the analysers did when they were recorded."""

from __future__ import annotations

import logging

import anyio
from anyio.abc import ByteStream

from gateway.capture.modbus_meaning import EXCEPTION_BIT
from gateway.capture.recorded_answers import RecordedAnswer, RecordedAnswers
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

    Attributes:
        answered: Requests that were answered.
    """

    def __init__(self, protocol: ProtocolKind, answers: RecordedAnswers, speed: float, clock: Clock) -> None:
        self.answered = 0
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
        framing = FRAMINGS[self._protocol]()
        transactions: dict[bytes, bytes] = {}
        try:
            while True:
                chunk = b""
                with anyio.move_on_after(framing.idle_s if framing.pending else None):
                    chunk = await stream.receive(_CHUNK)
                arrived_ns = self._clock.monotonic_ns()
                for request in framing.feed(chunk) if chunk else framing.idle():
                    await self._serve(stream, framing, request, transactions, arrived_ns)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, DesynchronisedError):
            return

    async def _serve(
        self,
        stream: ByteStream,
        framing: Framing,
        request: Request,
        transactions: dict[bytes, bytes],
        arrived_ns: int,
    ) -> None:
        answer = self._answers.next(request.unit, request.pdu)
        if answer is None:
            self._name_unknown(request)
            if self._protocol is ProtocolKind.MODBUS_TCP:
                await stream.send(framing.encode(request, bytes([request.pdu[0] | EXCEPTION_BIT, _TARGET_SILENT])))
            return
        transactions[answer.transaction] = request.transaction.to_bytes(_TRANSACTION_BYTES, "big")
        for after_us, data in answer.pieces:
            if self._speed:
                await self._clock.sleep_until(arrived_ns + round(after_us * 1000 / self._speed))
            await stream.send(self._live(answer, data, framing, request, transactions))
        self.answered += bool(answer.pieces)

    def _live(
        self,
        answer: RecordedAnswer,
        data: bytes,
        framing: Framing,
        request: Request,
        transactions: dict[bytes, bytes],
    ) -> bytes:
        """A recorded piece, with the numbers of the requests of this connection."""
        if answer.echoes:
            return framing.encode(request, request.pdu)
        if self._protocol is not ProtocolKind.MODBUS_TCP:
            return data
        number = data[:_TRANSACTION_BYTES]
        return transactions.get(number, number) + data[_TRANSACTION_BYTES:]

    def _name_unknown(self, request: Request) -> None:
        key = (request.unit, request.pdu)
        if key not in self._unknown and len(self._unknown) < _MOST_UNKNOWN_NAMED:
            self._unknown.add(key)
            _LOG.warning("never recorded: address %d, request %s; it gets no answer", request.unit, request.pdu.hex())
