"""A Channel Access server on loopback, read as a client reads it: raw messages over TCP, without the engine.

Messages: Channel Access protocol specification, sections "Messages" (version 0, read-notify 15, create-channel 18,
client-name 20, host-name 21) and "Payload Data Types" (DBR_TIME_DOUBLE). The engine that serves would be no witness.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.adapters.epics_ca.environment import interfaces, server_port
from gateway.adapters.epics_ca.settings import ChannelAccessSettings, DuplicateNames, RecsyncSettings
from gateway.errors import AdapterError
from gateway.ports import ReadBack

_LOOPBACK = "127.0.0.1"
_HEADER = struct.Struct(">HHHHII")
_TIME_DOUBLE_LAYOUT = struct.Struct(">hhII4xd")
_VERSION, _READ_NOTIFY, _CREATE_CHANNEL, _CLIENT_NAME, _HOST_NAME, _CREATE_FAILED = 0, 15, 18, 20, 21, 26
_MINOR_VERSION = 13
_TIME_DOUBLE = 20
_NORMAL = 1
_EPICS_EPOCH = 631_152_000


def listening(settings: ChannelAccessSettings) -> Sequence[tuple[str, int]]:
    """Interfaces and port, as far as needed from the environment that every EPICS server reads."""
    port = server_port(settings)
    return [(interface, port) for interface in interfaces(settings)]


def on_loopback(settings: ChannelAccessSettings) -> ChannelAccessSettings:
    """The same names on 127.0.0.1 and a free port, without a word to anybody."""
    return replace(
        settings,
        interfaces=(_LOOPBACK,),
        port=0,
        beacons=(),
        duplicate_names=DuplicateNames.IGNORE,
        recsync=RecsyncSettings(),
        access=None,
    )


async def read_back(endpoint: str, names: Sequence[str]) -> Sequence[ReadBack]:
    """Read PVs as DBR_TIME_DOUBLE; see `ports.SelfReadingKind`."""
    host, _, port = endpoint.rpartition(":")
    try:
        async with await anyio.connect_tcp(host, int(port)) as stream:
            messages = BufferedByteReceiveStream(stream)
            greeting = [_HEADER.pack(_VERSION, 0, 0, _MINOR_VERSION, 0, 0)]
            greeting += [_message(_CLIENT_NAME, b"selftest"), _message(_HOST_NAME, b"localhost")]
            await stream.send(b"".join(greeting))
            found: list[ReadBack] = []
            for number, name in enumerate(names):
                await stream.send(_message(_CREATE_CHANNEL, name.encode(), number, _MINOR_VERSION))
                _count, server_id, _ = await _answer(messages, _CREATE_CHANNEL, number, name)
                await stream.send(_HEADER.pack(_READ_NOTIFY, 0, _TIME_DOUBLE, 1, server_id, number))
                _count, _number, payload = await _answer(messages, _READ_NOTIFY, number, name)
                found.append(_decoded(payload))
            return found
    except (OSError, anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, struct.error) as error:
        raise AdapterError(f"the server cannot be read: {error!r}", where=f"epics_ca {endpoint}") from error


def _message(command: int, text: bytes, first: int = 0, second: int = 0) -> bytes:
    payload = text + bytes(8 - len(text) % 8)
    return _HEADER.pack(command, len(payload), 0, 0, first, second) + payload


async def _answer(messages: BufferedByteReceiveStream, wanted: int, number: int, name: str) -> tuple[int, int, bytes]:
    """The next answer of the kind wanted: its two parameters and its payload."""
    while True:
        command, size, _type, _count, first, second = _HEADER.unpack(await messages.receive_exactly(_HEADER.size))
        payload = await messages.receive_exactly(size) if size else b""
        if command == _CREATE_FAILED:
            raise AdapterError(f"there is no PV '{name}'", where="epics_ca")
        if command == _READ_NOTIFY == wanted and first != _NORMAL:
            raise AdapterError(f"PV '{name}' cannot be read: status {first}", where="epics_ca")
        if command == wanted and number == (first if wanted == _CREATE_CHANNEL else second):
            return first, second, payload


def _decoded(payload: bytes) -> ReadBack:
    status, severity, seconds, nanoseconds, value = _TIME_DOUBLE_LAYOUT.unpack(payload)
    unix_us = (seconds + _EPICS_EPOCH) * 1_000_000 + nanoseconds // 1000
    return ReadBack(value, unix_us, alarm=(status, severity))
