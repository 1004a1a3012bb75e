"""One Modbus connection on pymodbus: RTU and ASCII over serial or TCP, and Modbus TCP. pymodbus is imported only here.

pymodbus frames, parses and waits. Retries, reconnection, idle gaps and byte stamps are not left to it: its own retries
come without an idle gap, and after three silent requests it would close a line that other analysers share.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from gateway.errors import DamagedAnswerError, DeviceRefusedError, DeviceTimeoutError, LinkError, ProtocolError
from gateway.model.bus_spec import BusSpec, LinkKind
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock, Stamp
from gateway.ports import Exchange
from gateway.wire.answer_watch import AnswerWatch
from gateway.wire.name_lookup import address_of
from gateway.wire.tap import WireEventKind, WireTap
from gateway.wire.tcp import keep_alive

FRAMERS = {
    ProtocolKind.MODBUS_RTU: FramerType.RTU,
    ProtocolKind.MODBUS_ASCII: FramerType.ASCII,
    ProtocolKind.MODBUS_TCP: FramerType.SOCKET,
}
EXCEPTION_NAMES = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}
"""Modbus application protocol V1.1b3, section 7."""

_EXCEPTION_BIT = 0x80
_MOST_READ = 125
_MOST_WRITTEN = 123
"""Registers of one transaction; Modbus application protocol V1.1b3, sections 6.3 and 6.12."""

_LAST = 0xFFFF
_OPEN_S = 5.0
_OPEN_HINT = "check the port or address, permissions, and that no other program uses it"

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it would say is raised here as an error instead

Values = Callable[[ModbusPDU], tuple[int, ...] | None]


class ModbusConnection:
    """An open Modbus wire. One-shot: when it fails, throw it away and open another.

    Use `open_modbus` to make one.

    Attributes:
        answer_within_s: Longest wait for the answer to the next requests.
    """

    def __init__(self, name: str, spec: BusSpec, clock: Clock, address: str, tap: WireTap) -> None:
        self.answer_within_s = spec.timeout_s
        self._where = f"bus {name} ({spec.link})"
        self._clock = clock
        self._tap = tap
        self._sent = self._arrived = clock.stamp()
        self._watch = AnswerWatch(spec.protocol, settle_s=max(4 * spec.idle_gap_ms / 1000, 0.1))
        self._lost = True
        self._fits: Callable[[ModbusPDU], bool] = lambda _answer: False
        link = spec.parsed_link
        common: dict[str, Any] = {
            "framer": FRAMERS[spec.protocol],
            "timeout": spec.timeout_s,
            "retries": 0,
            "reconnect_delay": 0,
            "trace_packet": self._trace_packet,
            "trace_connect": self._trace_connect,
        }
        self._client: AsyncModbusSerialClient | AsyncModbusTcpClient
        if link.kind is LinkKind.SERIAL:
            self._client = AsyncModbusSerialClient(
                address,
                baudrate=spec.baudrate,
                bytesize=spec.bytesize,
                parity=spec.parity[0].upper(),
                stopbits=spec.stopbits,
                **common,
            )
        else:
            self._client = AsyncModbusTcpClient(address, port=link.port, **common)
        self._client.set_max_no_responses(sys.maxsize)
        self._see_bytes_first()
        self._guard_framer()

    @property
    def lost(self) -> bool:
        """Whether the wire has gone."""
        return self._lost

    @property
    def last_byte(self) -> Stamp:
        """When the last byte arrived, whoever sent it; the time of opening before that."""
        return self._arrived

    def take_strays(self) -> int:
        """Whole frames thrown away since the last call: late, from another address, or no answer to the request."""
        return self._watch.take_strays()

    def _see_bytes_first(self) -> None:
        """Stamp, tap and keep what arrives before pymodbus parses it."""
        parse = self._client.ctx.data_received

        def data_received(data: bytes) -> None:
            self._arrived = self._clock.stamp()
            self._tap.see(WireEventKind.RECEIVED, self._arrived, data)
            self._watch.heard(data)
            parse(data)

        self._client.ctx.data_received = data_received  # type: ignore[method-assign]

    def _guard_framer(self) -> None:
        """Keep noise from killing the transport, and foreign frames from being taken for the answer.

        The framers of pymodbus 3.16 raise on some garbage (ASCII: `int(buffer[1:3], 16)`), inside data_received, where
        asyncio answers an exception by closing the connection. They do not compare function codes or sizes at all,
        and take transaction number 0 for any.
        """
        framer = self._client.ctx.framer
        handle = framer.handleFrame

        def guarded(data: bytes, exp_devid: int, exp_tid: int) -> tuple[int, ModbusPDU | None]:
            try:
                used, answer = handle(data, exp_devid, exp_tid)
            except (ValueError, IndexError, ModbusException):
                return len(data), None
            if answer is None or answer.transaction_id != exp_tid or not self._fits(answer):
                return used, None
            return used, answer

        framer.handleFrame = guarded  # type: ignore[method-assign]

    def _trace_packet(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001  signature of pymodbus
        if sending:
            self._sent = self._clock.stamp()
            self._tap.see(WireEventKind.SENT, self._sent, data)
        return data

    def _trace_connect(self, connected: bool) -> None:  # noqa: FBT001  signature of pymodbus
        if self._lost == connected:
            self._tap.see(WireEventKind.OPENED if connected else WireEventKind.CLOSED, self._clock.stamp())
        self._lost = not connected
        if self._lost:
            self._watch.abandon()  # pymodbus would wait for the answer to the end

    async def connect(self) -> None:
        """Open the wire.

        Raises:
            LinkError: It cannot be opened.
        """
        try:
            connected = await self._client.connect()
        except (OSError, ModbusException) as error:
            raise LinkError(f"cannot open: {error}", where=self._where, hint=_OPEN_HINT) from error
        if not connected:
            raise LinkError("cannot open: no connection", where=self._where, hint=_OPEN_HINT)
        raw = self._client.ctx.transport.get_extra_info("socket")
        if raw is not None:
            keep_alive(raw)
        self._arrived = self._clock.stamp()

    def close(self) -> None:
        """Close the wire. Repeatable."""
        self._client.close()
        self._trace_connect(connected=False)

    async def quiet(self, gap_s: float, limit_s: float) -> None:
        """Wait until no byte has come for `gap_s`.

        A late answer to an earlier request arrives in this time and is thrown away.

        Raises:
            ProtocolError: The line was never quiet for `limit_s`.
        """
        gap = round(gap_s * 1e9)
        limit = self._clock.monotonic_ns() + round(limit_s * 1e9)
        while (now := self._clock.monotonic_ns()) < (due := self._arrived.monotonic_ns + gap):
            if now > limit:
                raise ProtocolError(
                    f"the line was not quiet for {gap_s * 1000:g} ms within {limit_s:g} s",
                    where=self._where,
                    hint="another master, or an analyser left in continuous mode, is talking on this line",
                    raw=self._watch.raw,
                )
            await self._clock.sleep_until(due)

    async def read_input_registers(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 04; see `ports.ModbusBus` for the errors of all requests."""
        return await self._transact(
            lambda: self._client.read_input_registers(address, count=count, device_id=unit),
            lambda answer: tuple(answer.registers) if len(answer.registers) == count else None,
            (4, unit, address),
        )

    async def read_holding_registers(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 03."""
        _require_range(address, count, _MOST_READ)
        return await self._transact(
            lambda: self._client.read_holding_registers(address, count=count, device_id=unit),
            lambda answer: tuple(answer.registers) if len(answer.registers) == count else None,
            (3, unit, address),
        )

    async def read_discrete_inputs(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 02."""
        return await self._transact(
            lambda: self._client.read_discrete_inputs(address, count=count, device_id=unit),
            lambda answer: _bits(answer, count),
            (2, unit, address),
        )

    async def read_coils(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 01."""
        return await self._transact(
            lambda: self._client.read_coils(address, count=count, device_id=unit),
            lambda answer: _bits(answer, count),
            (1, unit, address),
        )

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:
        """Function code 05."""
        return await self._transact(
            lambda: self._client.write_coil(address, on, device_id=unit),
            lambda answer: (int(on),) if (answer.address, list(answer.bits[:1])) == (address, [on]) else None,
            (5, unit, address),
        )

    async def write_register(self, unit: int, address: int, value: int) -> Exchange:
        """Function code 06; `values` is what the answer repeats."""
        _require_range(address, 1, 1)
        _require_registers((value,))
        return await self._transact(
            lambda: self._client.write_register(address, value, device_id=unit),
            lambda answer: (value,) if (answer.address, answer.registers) == (address, [value]) else None,
            (6, unit, address),
        )

    async def write_registers(self, unit: int, address: int, values: Sequence[int]) -> Exchange:
        """Function code 16; the answer repeats address and count alone, `values` is what was written."""
        _require_range(address, len(values), _MOST_WRITTEN)
        _require_registers(values)
        return await self._transact(
            lambda: self._client.write_registers(address, list(values), device_id=unit),
            lambda answer: tuple(values) if (answer.address, answer.count) == (address, len(values)) else None,
            (16, unit, address),
        )

    async def echo(self, unit: int, data: bytes) -> Exchange:
        """Function code 08, sub-function 0."""
        return await self._transact(
            lambda: self._client.diag_query_data(data, device_id=unit),
            lambda answer: (int.from_bytes(data, "big"),) if getattr(answer, "message", None) == data else None,
            (8, unit, 0),
        )

    async def _transact(
        self, request: Callable[[], Awaitable[ModbusPDU]], values: Values, asked: tuple[int, int, int]
    ) -> Exchange:
        function, unit, address = asked
        place = f"{self._where}, address {unit}, function {function:02d} at {address}"

        def fits(answer: ModbusPDU) -> bool:
            if answer.function_code == function | _EXCEPTION_BIT:
                return True
            return answer.function_code == function and values(answer) is not None

        self._fits = fits
        self._client.ctx.comm_params.timeout_connect = self.answer_within_s
        try:
            with anyio.CancelScope() as waiting, self._watch.over(waiting.cancel):
                response = await request()
        except ConnectionException as error:
            self._trace_connect(connected=False)
            raise LinkError(f"the line is lost: {error}", where=place, hint="check the cable") from error
        except ModbusIOException as error:
            raise self._without_answer(place) from error
        except (ModbusException, OSError) as error:
            raise ProtocolError(f"the exchange failed: {error}", where=place, raw=self._watch.raw) from error
        finally:
            self._fits = lambda _answer: False
        if waiting.cancelled_caught:
            raise self._without_answer(place)
        self._watch.answered()
        if isinstance(response, ExceptionResponse):
            code = response.exception_code
            raise DeviceRefusedError(
                f"refused with exception {code} ({EXCEPTION_NAMES.get(code, 'unknown')})",
                code=code,
                where=place,
                hint="check that the analyser has these registers",
                raw=self._watch.raw,
            )
        found = values(response)
        assert found is not None  # noqa: S101  `fits` has let it through
        return Exchange(found, self._sent, self._arrived, self._watch.raw)

    def _without_answer(self, place: str) -> LinkError | DamagedAnswerError | DeviceTimeoutError:
        if self._lost:
            return LinkError("the line is lost", where=place, hint="check the cable")
        if self._watch.damaged:
            return DamagedAnswerError(
                "the answer is damaged",
                where=place,
                hint="check protocol, baud rate, parity, termination and that no two analysers share an address",
                raw=self._watch.raw,
            )
        return DeviceTimeoutError(
            f"no answer within {self.answer_within_s:.3g} s",
            where=place,
            hint="check that it is on, its address, protocol, baud rate and wiring",
        )


def _require_range(address: int, count: int, most: int) -> None:
    if not (1 <= count <= most and 0 <= address <= _LAST + 1 - count):
        raise ValueError(f"{count} registers from {address} on cannot be one request; at most {most}, up to {_LAST}")


def _require_registers(values: Sequence[int]) -> None:
    if not all(0 <= value <= _LAST for value in values):
        raise ValueError(f"a register is 0 to {_LAST}, not {values}")


def _bits(answer: ModbusPDU, count: int) -> tuple[int, ...] | None:
    """Cut to the count asked for: bits travel in whole bytes."""
    if len(answer.bits) != -(-count // 8) * 8:
        return None
    return tuple(int(bit) for bit in answer.bits[:count])


async def open_modbus(name: str, spec: BusSpec, clock: Clock, tap: WireTap) -> ModbusConnection:
    """Open one connection; cancellation closes what was half open.

    Raises:
        LinkError: It cannot be opened.
    """
    link = spec.parsed_link
    where = f"bus {name} ({spec.link})"
    try:
        with anyio.fail_after(_OPEN_S):
            address = link.path if link.kind is LinkKind.SERIAL else await address_of(link.host, link.port)
            connection = ModbusConnection(name, spec, clock, address, tap)
            try:
                await connection.connect()
            except BaseException:
                connection.close()
                raise
    except TimeoutError as error:
        raise LinkError(f"cannot open: no answer within {_OPEN_S:g} s", where=where, hint=_OPEN_HINT) from error
    except OSError as error:
        if isinstance(error, LinkError):
            raise
        raise LinkError(f"cannot open: {error}", where=where, hint=_OPEN_HINT) from error
    return connection
