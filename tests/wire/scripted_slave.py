"""An RTU device over TCP whose every answer is decided by the test: late, twice, from another address, or never."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream

from gateway.wire.modbus_frames import crc16

REQUEST_BYTES = 8
WRITE_REGISTERS = 16


def request_size(buffer: bytes) -> int:
    """Bytes of the request that begins here; a write of several registers says how many follow."""
    return 9 + buffer[6] if buffer[1] == WRITE_REGISTERS else REQUEST_BYTES


@dataclass(frozen=True)
class Asked:
    """One request that begins with two 16-bit fields: read, write, or echo."""

    unit: int
    function: int
    first: int
    second: int


Script = Callable[[Asked], Sequence[tuple[float, bytes]]]
"""From a request to what is sent: seconds to wait before each piece, and the piece."""


def rtu(unit: int, data: bytes) -> bytes:
    body = bytes([unit]) + data
    return body + crc16(body).to_bytes(2, "little")


def registers(asked: Asked, value: int) -> bytes:
    """The answer to a read of registers, all with one value."""
    return rtu(asked.unit, struct.pack(">BB", 4, 2 * asked.second) + struct.pack(">H", value) * asked.second)


def echo(asked: Asked) -> bytes:
    return rtu(asked.unit, struct.pack(">BHH", 8, asked.first, asked.second))


@dataclass
class ScriptedSlave:
    script: Script
    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    async def _attend(self, client: SocketStream) -> None:
        buffer = b""
        async with client:
            try:
                while True:
                    buffer += await client.receive()
                    while len(buffer) >= REQUEST_BYTES and len(buffer) >= (size := request_size(buffer)):
                        asked = Asked(*struct.unpack(">BBHH", buffer[:6]))
                        buffer = buffer[size:]
                        self.asked.append(asked)
                        for wait_s, piece in self.script(asked):
                            await anyio.sleep(wait_s)
                            await client.send(piece)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return


@asynccontextmanager
async def scripted_slave(script: Script) -> AsyncIterator[ScriptedSlave]:
    slave = ScriptedSlave(script)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        slave.port = listener.extra(SocketAttribute.local_port)
        tasks.start_soon(listener.serve, slave._attend)
        yield slave
        tasks.cancel_scope.cancel()
