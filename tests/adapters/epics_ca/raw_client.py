"""A Channel Access client that speaks bytes, for what libca would never send."""

from __future__ import annotations

import struct

import anyio

HEADER = struct.Struct(">HHHHII")
EXTENSION = struct.Struct(">II")
VERSION = HEADER.pack(0, 0, 0, 13, 0, 0)


def create(name: bytes, cid: int) -> bytes:
    payload = name + bytes(8 - len(name) % 8)
    return HEADER.pack(18, len(payload), 0, 0, cid, 13) + payload


def subscribe(sid: int, subscription: int, dbr_type: int = 20, count: int = 1) -> bytes:
    return message(1, dbr_type, count, sid, subscription, struct.pack(">fffHH", 0, 0, 0, 7, 0))


def message(command: int, dbr_type: int, count: int, first: int, second: int, payload: bytes = b"") -> bytes:
    """Any message, in a header of the large form where it needs one."""
    size = len(payload)
    if size < 0xFFFF and count < 0xFFFF:
        return HEADER.pack(command, size, dbr_type, count, first, second) + payload
    return HEADER.pack(command, 0xFFFF, dbr_type, 0, first, second) + EXTENSION.pack(size, count) + payload


class RawClient:
    """A client that speaks bytes."""

    def __init__(self, stream: anyio.abc.SocketStream) -> None:
        self.stream = stream
        self._buffer = b""

    async def message(self) -> tuple[int, int, int, int, int, bytes]:
        """Command, type, count, both parameters and payload of the next message."""
        with anyio.fail_after(20):
            while True:
                if len(self._buffer) >= HEADER.size:
                    command, size, dbr_type, count, first, second = HEADER.unpack_from(self._buffer)
                    begin = HEADER.size
                    if (size, count) == (0xFFFF, 0) and len(self._buffer) >= begin + EXTENSION.size:
                        size, count = EXTENSION.unpack_from(self._buffer, begin)
                        begin += EXTENSION.size
                    if len(self._buffer) >= begin + size:
                        payload = self._buffer[begin : begin + size]
                        self._buffer = self._buffer[begin + size :]
                        return command, dbr_type, count, first, second, payload
                self._buffer += await self.stream.receive()

    async def until(self, command: int) -> tuple[int, int, int, int, int, bytes]:
        while True:
            message = await self.message()
            if message[0] == command:
                return message

    async def channel(self, name: bytes, cid: int = 1) -> int:
        await self.stream.send(create(name, cid))
        return (await self.until(18))[4]


def put(sid: int, value: bytes, dbr_type: int, *, count: int = 1, ioid: int = 1, notify: bool = True) -> bytes:
    """A write with or, without `notify`, without callback."""
    payload = value + bytes(-len(value) % 8)
    return message(19 if notify else 4, dbr_type, count, sid, ioid, payload)


def claim(user: bytes) -> bytes:
    """A client name message."""
    payload = user + bytes(8 - len(user) % 8)
    return HEADER.pack(20, len(payload), 0, 0, 0, 0) + payload


async def is_ended(stream: anyio.abc.SocketStream) -> bool:
    with anyio.fail_after(20):
        try:
            while True:
                await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True
