"""Searches as a client sends them, and their answers: Channel Access protocol specification, CA_PROTO_SEARCH."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address

_HEADER = struct.Struct(">HHHHII")
_VERSION, _SEARCH = 0, 6
_MINOR_VERSION = 13
_DO_NOT_REPLY = 5
"""Whoever does not have the name keeps quiet."""

_SENDER = 0xFFFF_FFFF
"""In place of an address: the server is where the answer comes from."""

MOST_BYTES = 1024
"""Of one datagram, as base sends them: with its headers it passes through every network in one piece."""


def greeting() -> bytes:
    """What stands before the searches of a datagram, and at the beginning of a connection."""
    return _HEADER.pack(_VERSION, 0, 0, _MINOR_VERSION, 0, 0)


def search(name: str, channel: int) -> bytes:
    """One search; answers carry the number of the channel."""
    payload = name.encode() + b"\0"
    payload += bytes(-len(payload) % 8)
    return _HEADER.pack(_SEARCH, len(payload), _DO_NOT_REPLY, _MINOR_VERSION, channel, channel) + payload


def datagrams(searches: Sequence[bytes]) -> Iterator[bytes]:
    """Searches in as few datagrams as they fit in."""
    datagram = greeting()
    for one in searches:
        if len(datagram) + len(one) > MOST_BYTES:
            yield datagram
            datagram = greeting()
        datagram += one
    if len(datagram) > _HEADER.size:
        yield datagram


def answers(data: bytes, sender: str) -> tuple[list[tuple[int, str, int]], bytes]:
    """Answers in what a server has sent: number of the channel, host and TCP port of its server.

    Args:
        data: Whole and half messages.
        sender: Host that they came from.

    Returns:
        The answers, and the half message at the end.
    """
    found: list[tuple[int, str, int]] = []
    while len(data) >= _HEADER.size:
        command, size, port, _count, address, channel = _HEADER.unpack_from(data)
        if len(data) < _HEADER.size + size:
            break
        data = data[_HEADER.size + size :]
        if command == _SEARCH:
            found.append((channel, sender if address in (_SENDER, 0) else str(IPv4Address(address)), port))
    return found, data
