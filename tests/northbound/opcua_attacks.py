"""What an OPC UA client can do wrong: messages made by hand (OPC 10000-6 sections 5.2, 6.7 and 7.1)."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from typing import Any

NULL = struct.pack("<i", -1)
NO_OBJECT = b"\0\0\0"
POLICY_NONE = b"http://opcfoundation.org/UA/SecurityPolicy#None"
OPEN_SECURE_CHANNEL, GET_ENDPOINTS, CREATE_SESSION, READ = 446, 428, 461, 631
KEY_VALUE_PAIR = 14846
"""Identifiers of binary encodings."""

MOST_ELEMENTS = struct.pack("<i", 2**31 - 1)
STUCK_S = 0.5
"""Seconds without progress after which a sender is held up for good."""

STUCK_CHECK_S = 0.05
kept: list[Any] = []
"""Clients that stay as they are until the process ends."""


def text(value: bytes) -> bytes:
    """A String or ByteString."""
    return struct.pack("<i", len(value)) + value


def frame(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    """One chunk; `size` announces another size than it has."""
    return kind + struct.pack("<I", 8 + len(body) if size is None else size) + body


def hello() -> bytes:
    """The first message of a client."""
    return frame(b"HELF", struct.pack("<5I", 0, 65536, 65536, 0, 0) + text(b"opc.tcp://127.0.0.1/"))


def request(encoding: int, body: bytes, additional: bytes = NO_OBJECT) -> bytes:
    """A service request; `additional` is an ExtensionObject of its header, decoded before the client is known."""
    header = b"\0\0" + struct.pack("<qII", 0, 1, 0) + NULL + struct.pack("<I", 0) + additional
    return b"\x01\x00" + struct.pack("<H", encoding) + header + body


def open_channel(additional: bytes = NO_OBJECT) -> bytes:
    """Ask for a secure channel without security."""
    body = request(OPEN_SECURE_CHANNEL, struct.pack("<III", 0, 0, 1) + NULL + struct.pack("<I", 60_000), additional)
    return frame(b"OPNF", bytes(4) + text(POLICY_NONE) + NULL + NULL + struct.pack("<II", 1, 1) + body)


def extension_object(encoding: int, body: bytes) -> bytes:
    """An ExtensionObject with a binary body."""
    return b"\x01\x00" + struct.pack("<H", encoding) + b"\x01" + text(body)


def _pair(variant: bytes) -> bytes:
    """A KeyValuePair without a key, as an ExtensionObject."""
    return extension_object(KEY_VALUE_PAIR, b"\0\0" + NULL + variant)


_MATRIX = bytes([0xC1]) + struct.pack("<i", 0) + struct.pack("<iii", 2, 100, 100)
_MATRICES = struct.pack("<i", 3000) + 3000 * _MATRIX
BOMBS = {
    "strings that lead backwards": request(GET_ENDPOINTS, NULL + MOST_ELEMENTS + struct.pack("<i", -4)),
    "an array of nulls": request(
        GET_ENDPOINTS,
        NULL + NULL + NULL,
        _pair(bytes([0x80]) + MOST_ELEMENTS),
    ),
    "matrices of nothing": request(GET_ENDPOINTS, NULL + NULL + NULL, _pair(bytes([0x98]) + _MATRICES)),
}
"""Requests that ask a trusting decoder for 2**31 elements, or for 30 million lists."""


class RawChannel:
    """A secure channel on a blocking socket."""

    def __init__(self, port: int, receive_buffer: int | None = None, source: str = "127.0.0.1") -> None:
        self.socket = socket.socket()
        self.socket.bind((source, 0))
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(hello())
        self.receive()
        self.socket.sendall(open_channel())
        answer = self.receive()
        (self._channel,) = struct.unpack_from("<I", answer, 8)
        after_header = 12 + 4 + len(POLICY_NONE) + 4 + 4 + 8
        token = answer.index(struct.pack("<I", self._channel), after_header)
        (self._token,) = struct.unpack_from("<I", answer, token + 4)
        self._sequence = 1

    def receive(self) -> bytes:
        """One chunk from the server; empty at the end of the connection."""
        data = self._exactly(8)
        return data + self._exactly(struct.unpack_from("<I", data, 4)[0] - 8) if data else data

    def send(self, body: bytes, kind: bytes = b"MSGF", request_id: int | None = None) -> None:
        """Send one chunk with the next sequence number."""
        self._sequence += 1
        numbers = (self._channel, self._token, self._sequence, self._sequence if request_id is None else request_id)
        self.socket.sendall(frame(kind, struct.pack("<IIII", *numbers) + body))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionError:
                return b""
            if not piece:
                return b""
            data += piece
        return data


def garbage(noise: random.Random) -> bytes:
    """Chunks of wrong kinds and sizes, before a channel is open."""
    kind = noise.choice((b"HELF", b"OPNF", b"MSGF", b"MSGC", b"CLOF", b"ERRF", b"ACKF", b"GET ", b"HELX"))
    size = noise.choice((0, 1, 7, 8, 9, 15, 16, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1))
    return noise.choice((b"", hello(), hello() + open_channel())) + noise.choice(
        (
            noise.randbytes(noise.randrange(1, 600)),
            frame(kind, noise.randbytes(noise.randrange(0, 200)), size),
            frame(kind, noise.randbytes(noise.randrange(0, 200))),
            frame(kind, noise.randbytes(20_000), 2**32 - 1),
        )
    )


def damaged(noise: random.Random) -> bytes:
    """A request with some of its bytes changed."""
    whole = bytearray(
        noise.choice(
            (
                request(GET_ENDPOINTS, text(b"opc.tcp://x/") + NULL + NULL),
                request(CREATE_SESSION, noise.randbytes(80)),
                request(READ, struct.pack("<diI", 0.0, 2, 1) + noise.randbytes(16)),
                request(noise.randrange(1, 900), noise.randbytes(60)),
            )
        )
    )
    for _ in range(noise.randrange(1, 4)):
        whole[noise.randrange(len(whole))] = noise.choice((0x00, 0x7F, 0x80, 0xFF, noise.randrange(256)))
    return bytes(whole)


class Deaf:
    """A subscriber's handler that does nothing."""

    def datachange_notification(self, _node: object, _value: object, _data: object) -> None:
        """Called by asyncua."""


def endpoints_unread(port: int, most: int) -> int:
    """Questions for the endpoints without end, for which nobody needs a session, and nobody takes the answers.

    Returns the number of questions until the server took no more.
    """
    channel = RawChannel(port, receive_buffer=4096)
    kept.append(channel)
    channel.socket.settimeout(STUCK_S)
    asked = 0
    while asked < most:
        try:
            channel.send(request(GET_ENDPOINTS, NULL + NULL + NULL))
        except (TimeoutError, ConnectionError):  # it may have been given up already
            break
        asked += 1
    return asked


async def connected(url: str) -> Any:
    """An asyncua client."""
    from asyncua import Client  # the other attacks do without, and start faster

    client = Client(url, timeout=30)
    await client.connect()
    kept.append(client)
    return client


async def subscription(url: str, ids: list[str]) -> int:
    """An ordinary subscription to everything; whoever started this process may now stop it."""
    client = await connected(url)
    mine = await client.create_subscription(50, Deaf())
    await mine.subscribe_data_change([client.get_node(one) for one in ids], queuesize=100)
    kept.append(mine)
    return len(ids)


async def reads_unread(url: str, ids: list[str], most: int) -> int:
    """Reads without end, and nobody takes the answers; returns how many until the server took no more."""
    from asyncua import ua

    client = await connected(url)
    protocol = client.uaclient.protocol
    transport = protocol.transport
    transport.pause_reading()
    read = ua.ReadRequest()
    read.Parameters.NodesToRead = [ua.ReadValueId(ua.NodeId.from_string(one), ua.AttributeIds.Value) for one in ids]
    sent = stuck = 0
    while sent < most and stuck < STUCK_S / STUCK_CHECK_S and not transport.is_closing():
        if before := transport.get_write_buffer_size():
            await asyncio.sleep(STUCK_CHECK_S)
            stuck = stuck + 1 if transport.get_write_buffer_size() == before else 0
            continue
        kept.extend(protocol._send_request(read, 1000) for _ in range(100))
        await asyncio.sleep(0.01)
        sent += 100
    return sent
