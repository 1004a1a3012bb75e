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

from gateway.errors import DeviceRefusedError, DeviceTimeoutError, LinkError, ProtocolError
from gateway.model.bus_spec import BusSpec, LinkKind
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock, Stamp
from gateway.ports import Exchange
from gateway.wire.name_lookup import address_of
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

LOOPBACK = 0
_OPEN_S = 5.0
_OPEN_HINT = "check the port or address, permissions, and that no other program uses it"

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it would say is raised here as an error instead


class ModbusConnection:
    """An open Modbus wire. One-shot: when it fails, throw it away and open another.

    Use `open_modbus` to make one.
    """

    def __init__(self, name: str, spec: BusSpec, clock: Clock, address: str) -> None:
        self._where = f"bus {name} ({spec.link})"
        self._clock = clock
        self._sent = self._arrived = clock.stamp()
        self._raw = b""
        self._lost = False
        link = spec.parsed_link
        common: dict[str, Any] = {
            "framer": FRAMERS[spec.protocol],
            "timeout": spec.timeout_s,
            "retries": 0,
            "reconnect_delay": 0,
            "trace_packet": self._trace,
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
        self._guard_framer()

    @property
    def lost(self) -> bool:
        """Whether the wire has gone."""
        return self._lost

    @property
    def last_byte(self) -> Stamp:
        """When the last byte arrived, whoever sent it; the time of opening before that."""
        return self._arrived

    def _guard_framer(self) -> None:
        """Keep noise from killing the transport.

        The framers of pymodbus 3.16 raise on some garbage (ASCII: `int(buffer[1:3], 16)`), inside data_received, where
        asyncio answers an exception by closing the connection.
        """
        framer = self._client.ctx.framer
        handle = framer.handleFrame

        def guarded(data: bytes, exp_devid: int, exp_tid: int) -> tuple[int, ModbusPDU | None]:
            try:
                return handle(data, exp_devid, exp_tid)
            except (ValueError, IndexError, ModbusException):
                return len(data), None

        framer.handleFrame = guarded  # type: ignore[method-assign]

    def _trace(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001  signature of pymodbus
        if sending:
            self._sent = self._clock.stamp()
        else:
            self._arrived = self._clock.stamp()
            self._raw = data
        return data

    def _trace_connect(self, connected: bool) -> None:  # noqa: FBT001  signature of pymodbus
        self._lost = not connected

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
        self._lost = True

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
                    raw=self._raw,
                )
            await self._clock.sleep_until(due)

    async def read_input_registers(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 04; see `ports.ModbusBus` for the errors of all requests."""
        return await self._transact(
            lambda: self._client.read_input_registers(address, count=count, device_id=unit),
            lambda response: _exactly(response.registers, count),
            4,
            unit,
            address,
        )

    async def read_discrete_inputs(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 02."""
        return await self._transact(
            lambda: self._client.read_discrete_inputs(address, count=count, device_id=unit),
            lambda response: _bits(response.bits, count),
            2,
            unit,
            address,
        )

    async def read_coils(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 01."""
        return await self._transact(
            lambda: self._client.read_coils(address, count=count, device_id=unit),
            lambda response: _bits(response.bits, count),
            1,
            unit,
            address,
        )

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:
        """Function code 05."""
        return await self._transact(
            lambda: self._client.write_coil(address, on, device_id=unit),
            lambda response: (int(response.bits[0]),),
            5,
            unit,
            address,
        )

    async def echo(self, unit: int, data: bytes) -> Exchange:
        """Function code 08, sub-function 0."""

        def same(response: ModbusPDU) -> tuple[int, ...]:
            back = getattr(response, "message", b"")
            if back != data:
                raise ValueError(f"the echo of {data.hex()} came back as {back!r}")
            return (int.from_bytes(data, "big"),)

        return await self._transact(lambda: self._client.diag_query_data(data, device_id=unit), same, 8, unit, LOOPBACK)

    async def _transact(
        self,
        request: Callable[[], Awaitable[ModbusPDU]],
        answer: Callable[[ModbusPDU], tuple[int, ...]],
        function: int,
        unit: int,
        address: int,
    ) -> Exchange:
        place = f"{self._where}, address {unit}, function {function:02d} at {address}"
        self._raw = b""
        try:
            response = await request()
        except ConnectionException as error:
            self._lost = True
            raise LinkError(f"the line is lost: {error}", where=place, hint="check the cable") from error
        except ModbusIOException as error:
            if self._lost:
                raise LinkError("the line is lost", where=place, hint="check the cable") from error
            raise DeviceTimeoutError(
                "no usable answer",
                where=place,
                hint="check address, protocol, baud rate and wiring; a damaged answer looks the same",
                raw=self._raw,
            ) from error
        except (ModbusException, OSError) as error:
            raise ProtocolError(f"the exchange failed: {error}", where=place, raw=self._raw) from error
        if isinstance(response, ExceptionResponse):
            code = response.exception_code
            name = EXCEPTION_NAMES.get(code, "unknown")
            raise DeviceRefusedError(
                f"refused with exception {code} ({name})",
                code=code,
                where=place,
                hint="check that the analyser has these registers",
                raw=self._raw,
            )
        try:
            values = answer(response)
        except ValueError as error:
            raise ProtocolError(str(error), where=place, raw=self._raw) from error
        return Exchange(values, self._sent, self._arrived, self._raw)


def _exactly(values: Sequence[int], count: int) -> tuple[int, ...]:
    if len(values) != count:
        raise ValueError(f"{count} registers were asked for, {len(values)} came")
    return tuple(values)


def _bits(bits: Sequence[bool], count: int) -> tuple[int, ...]:
    """Cut to the count asked for: bits travel in whole bytes."""
    if len(bits) != -(-count // 8) * 8:
        raise ValueError(f"{count} bits were asked for, {len(bits)} came")
    return tuple(int(bit) for bit in bits[:count])


async def open_modbus(name: str, spec: BusSpec, clock: Clock) -> ModbusConnection:
    """Open one connection; cancellation closes what was half open.

    Raises:
        LinkError: It cannot be opened.
    """
    link = spec.parsed_link
    where = f"bus {name} ({spec.link})"
    try:
        with anyio.fail_after(_OPEN_S):
            address = link.path if link.kind is LinkKind.SERIAL else await address_of(link.host, link.port)
            connection = ModbusConnection(name, spec, clock, address)
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
