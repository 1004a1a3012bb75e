"""What passed a `TcpProxy` as a file of packets, as if it had been captured on the network.

Format: https://www.ietf.org/archive/id/draft-gharris-opsawg-pcap-01.html, with link type 101 (raw IPv4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.conformance.tcp_proxy import Passed

OPCUA_PORT = 4840
"""Whatever the port was: by this one, a dissector knows OPC UA."""

_RAW_IPV4 = 101
_LONGEST = 60_000
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08
_CLIENT_PORT = 20_000
_SERVER = bytes((10, 0, 0, 1))


def _client(connection: int) -> bytes:
    """An address for each: the dissector puts chunks together by addresses and request, whatever the ports."""
    return bytes((10, 1, *divmod(connection, 256)))


def _packet(piece: Passed, from_client: bool, sequence: int, acknowledged: int, flags: int, data: bytes) -> bytes:
    client = _client(piece.connection)
    ports = (_CLIENT_PORT, OPCUA_PORT) if from_client else (OPCUA_PORT, _CLIENT_PORT)
    addresses = (client, _SERVER) if from_client else (_SERVER, client)
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, flags, 65_535, 0, 0)
    size = 20 + len(tcp) + len(data)
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 6, 0, *addresses) + tcp + data


def _packets(passed: Iterable[Passed]) -> Iterator[tuple[float, bytes]]:
    """Time and bytes of every packet; each connection begins with a handshake."""
    sent: dict[tuple[int, bool], int] = {}
    for piece in passed:
        here, there = (piece.connection, piece.from_client), (piece.connection, not piece.from_client)
        if here not in sent:
            sent[here] = sent[there] = 1
            yield piece.unix_s, _packet(piece, True, 0, 0, _SYN, b"")
            yield piece.unix_s, _packet(piece, False, 0, 1, _SYN | _ACK, b"")
        for start in range(0, len(piece.data), _LONGEST):
            part = piece.data[start : start + _LONGEST]
            yield piece.unix_s, _packet(piece, piece.from_client, sent[here], sent[there], _ACK | _PUSH, part)
            sent[here] = (sent[here] + len(part)) % 2**32


def write_capture(path: Path, passed: Iterable[Passed]) -> None:
    """Write the file."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 2**16, _RAW_IPV4))
        for unix_s, packet in _packets(passed):
            seconds, microseconds = divmod(round(unix_s * 1e6), 1_000_000)
            file.write(struct.pack("<IIII", seconds, microseconds, len(packet), len(packet)) + packet)
