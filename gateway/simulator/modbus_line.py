"""One Modbus line: the instruments that share it, and the conversation with each client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import anyio
from anyio.abc import ByteStream, TaskGroup

from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.model.wire_time import byte_seconds
from gateway.simulator.ascii_framing import AsciiFraming
from gateway.simulator.bank_slave import BankSlave
from gateway.simulator.faults import FaultKind
from gateway.simulator.framing import BROADCAST, DesynchronisedError, Framing, Request
from gateway.simulator.instrument import Instrument
from gateway.simulator.mbap_framing import MbapFraming
from gateway.simulator.modbus_slave import ModbusSlave
from gateway.simulator.register_bank import RegisterBank
from gateway.simulator.rtu_framing import RtuFraming
from gateway.simulator.serial_wire import UART_PIECE, SerialWire
from gateway.simulator.settings import LineSettings

_CHUNK = 1024
_STALLED_S = 5.0

FRAMINGS: dict[ProtocolKind, Callable[[], Framing]] = {
    ProtocolKind.MODBUS_RTU: RtuFraming,
    ProtocolKind.MODBUS_ASCII: AsciiFraming,
    ProtocolKind.MODBUS_TCP: MbapFraming,
}


class ModbusLine:
    """Answers the masters of one line. A unit that is not on it stays silent, as on a real wire.

    Several clients may be connected over TCP; their requests take turns on the one wire.

    Attributes:
        answered: Requests answered.
        ignored: Requests dropped because they came sooner than `idle_gap_s` after the last byte on the line.
    """

    def __init__(
        self,
        settings: LineSettings,
        instruments: Sequence[Instrument],
        clock: Clock,
        banks: Sequence[RegisterBank] = (),
    ) -> None:
        self.answered = 0
        self.ignored = 0
        self._settings = settings
        self._slaves: dict[int, ModbusSlave | BankSlave] = {
            instrument.address: ModbusSlave(instrument) for instrument in instruments
        }
        self._slaves |= {bank.settings.address: BankSlave(bank) for bank in banks}
        self._clock = clock
        self._turn = anyio.Lock()
        self._slow_answers: TaskGroup | None = None
        self._attention = {unit: anyio.Lock() for unit in self._slaves}
        # A Modbus/TCP gateway hands on an answer once it has all of it.
        piece = None if settings.protocol is ProtocolKind.MODBUS_TCP else UART_PIECE
        self._wire = SerialWire(byte_seconds(settings.baudrate) if settings.baudrate else 0.0, piece)

    async def run(self) -> None:
        """Give slow answers when they are due, until cancelled."""
        async with anyio.create_task_group() as self._slow_answers:
            await anyio.sleep_forever()

    async def attend(self, stream: ByteStream) -> None:
        """Serve one client until it goes.

        Raises:
            EndOfStream: The client has closed.
            BrokenResourceError: The client is lost, or takes no bytes any more.
        """
        framing = FRAMINGS[self._settings.protocol]()
        in_time = True
        while True:
            chunk = b""
            with anyio.move_on_after(framing.idle_s if framing.pending else None):
                chunk = await stream.receive(_CHUNK)
            now_ns = self._clock.monotonic_ns()
            if not framing.pending:
                in_time = self._wire.silence_s(now_ns) >= self._settings.idle_gap_s
            ended_ns = self._wire.occupy(now_ns, len(chunk)) if chunk else now_ns
            try:
                requests = framing.feed(chunk) if chunk else framing.idle()
            except DesynchronisedError:
                return
            for request in requests:
                if not in_time:
                    self.ignored += 1
                elif self._slow_answers is not None and self._is_slow(request.unit):
                    self._slow_answers.start_soon(self._serve_slowly, stream, framing, request, ended_ns)
                else:
                    await self._serve(stream, framing, request, ended_ns)
                in_time = self._settings.idle_gap_s == 0

    def _is_slow(self, unit: int) -> bool:
        """Whether an instrument is slow, or still busy with what it was asked while it was."""
        return unit in self._slaves and (self._slow_s(unit) > 0 or self._attention[unit].locked())

    def _slow_s(self, unit: int) -> float:
        instrument = self._slaves[unit].instrument
        return instrument.settings.slow_s if instrument.shows(FaultKind.SLOW) else 0.0

    async def _serve_slowly(self, stream: ByteStream, framing: Framing, request: Request, ended_ns: int) -> None:
        """Leave the line to others while the instrument thinks; the client may have gone when it has done so."""
        async with self._attention[request.unit]:
            begin_ns = max(ended_ns, self._clock.monotonic_ns())
            due_ns = begin_ns + round(self._slow_s(request.unit) * 1e9)
            await self._clock.sleep_until(due_ns)
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self._serve(stream, framing, request, due_ns)

    async def _serve(self, stream: ByteStream, framing: Framing, request: Request, ended_ns: int) -> None:
        async with self._turn:
            # Another client's answer may have kept the wire busy since the request came.
            begin_ns = self._wire.occupy(ended_ns, 0) + round(self._settings.turnaround_s * 1e9)
            await self._clock.sleep_until(begin_ns)
            answer = self._answer(framing, request)
            if answer is None:
                return
            with anyio.move_on_after(_STALLED_S + self._wire_time_s(answer)) as stalled:
                await self._wire.transmit(answer, begin_ns, self._clock, stream.send)
            if stalled.cancelled_caught:
                raise anyio.BrokenResourceError
            self.answered += 1

    def _wire_time_s(self, data: bytes) -> float:
        return len(data) * byte_seconds(self._settings.baudrate) if self._settings.baudrate else 0.0

    def _answer(self, framing: Framing, request: Request) -> bytes | None:
        if request.unit == BROADCAST:
            for slave in self._slaves.values():
                slave.answer(request.pdu)
            return None
        slave_asked = self._slaves.get(request.unit)
        if slave_asked is None or slave_asked.instrument.shows(FaultKind.SILENT):
            return None
        answer = framing.encode(request, slave_asked.answer(request.pdu))
        return damaged(answer) if slave_asked.instrument.shows(FaultKind.DAMAGED) else answer


def damaged(data: bytes) -> bytes:
    """One bit flipped where every framing notices: RTU's CRC, ASCII's LRC, the transaction number, the frame's sum."""
    return data[:1] + bytes([data[1] ^ 1]) + data[2:]
