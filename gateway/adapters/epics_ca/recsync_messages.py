"""Messages between a server that lists its records (RecCaster) and the receiver of the lists (RecCeiver).

Source: the README of RecSync, sections "UDP Protocol" and "TCP Protocol". All numbers are big-endian. A record of
kind 1 is an alias of the record with that number, and has no type.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

_ID = 0x5243
_ANNOUNCEMENT = struct.Struct(">HBx4sHxxI")
HEADER = struct.Struct(">HHI")
_GREETING = struct.Struct(">BBxxI")
_RECORD = struct.Struct(">IBBH")
_INFO = struct.Struct(">IBxH")
_NONCE = struct.Struct(">I")

SERVER_GREETING, PING = 0x8001, 0x8002
_CLIENT_GREETING, _PONG, _ADD_RECORD, _UPLOAD_DONE, _ADD_INFO = 0x0001, 0x0002, 0x0003, 0x0005, 0x0006
_ALIAS = 1
_ANY_HOST = (IPv4Address("0.0.0.0"), IPv4Address("255.255.255.255"))  # noqa: S104  compared, not bound
_LONGEST_VALUE = 0xFFFF


@dataclass(frozen=True, slots=True)
class Announcement:
    """A receiver has made itself known.

    Attributes:
        host: Where it takes connections; empty where it is the sender of the announcement.
        port: TCP port.
        key: To be shown on connecting.
    """

    host: str
    port: int
    key: int


def announcement(data: bytes) -> Announcement | None:
    """What a datagram says; None where it is no announcement."""
    if len(data) < _ANNOUNCEMENT.size:
        return None
    identifier, version, address, port, key = _ANNOUNCEMENT.unpack_from(data)
    if identifier != _ID or version != 0 or port == 0:
        return None
    host = IPv4Address(address)
    return Announcement("" if host in _ANY_HOST else str(host), port, key)


def header(data: bytes) -> tuple[int, int]:
    """Message and size of its body.

    Raises:
        ValueError: These bytes are no header.
    """
    identifier, message, size = HEADER.unpack(data)
    if identifier != _ID:
        raise ValueError(f"a message begins with {data[:2].hex(' ')}")
    return message, size


def _message(message: int, body: bytes) -> bytes:
    return HEADER.pack(_ID, message, len(body)) + body


def client_greeting(key: int) -> bytes:
    """The first message of a connection."""
    return _message(_CLIENT_GREETING, _GREETING.pack(0, 0, key))


def pong(ping: bytes) -> bytes:
    """The answer to the body of a ping.

    Raises:
        ValueError: The ping is too short.
    """
    if len(ping) < _NONCE.size:
        raise ValueError("a ping without number")
    return _message(_PONG, ping[: _NONCE.size])


def add_record(number: int, record_type: str, name: str) -> bytes:
    """Tell of a record; its number is at least 1."""
    kind, called = record_type.encode(), name.encode()
    return _message(_ADD_RECORD, _RECORD.pack(number, 0, len(kind), len(called)) + kind + called)


def add_alias(number: int, name: str) -> bytes:
    """Tell of another name of a record."""
    called = name.encode()
    return _message(_ADD_RECORD, _RECORD.pack(number, _ALIAS, 0, len(called)) + called)


def add_info(number: int, key: str, value: str) -> bytes:
    """Tell something about a record, or about the server with number 0."""
    word, text = key.encode(), value.encode()[:_LONGEST_VALUE]
    return _message(_ADD_INFO, _INFO.pack(number, len(word), len(text)) + word + text)


def upload_done() -> bytes:
    """The list is complete."""
    return _message(_UPLOAD_DONE, bytes(4))
