"""What a Channel Access client can do wrong, in bytes (CA protocol, message headers)."""

from __future__ import annotations

import random
import socket
import struct

HEADER = struct.Struct(">HHHHII")
VERSION = HEADER.pack(0, 0, 0, 13, 0, 0)
SUBSCRIBE, SEARCH, READ, CREATE = 1, 6, 15, 18
TIME_DOUBLE, TIME_CHAR = 20, 18
STUCK_S = 0.5
"""Seconds without progress after which a sender is held up for good."""

kept: list[socket.socket] = []
"""Connections that stay as they are until the process ends."""


def create(name: str, cid: int) -> bytes:
    """Ask for a channel."""
    payload = name.encode() + bytes(8 - len(name) % 8)
    return HEADER.pack(CREATE, len(payload), 0, 0, cid, 13) + payload


def subscribe(sid: int, subscription: int) -> bytes:
    """Ask for a monitor."""
    return HEADER.pack(SUBSCRIBE, 16, TIME_DOUBLE, 1, sid, subscription) + struct.pack(">fffHH", 0, 0, 0, 7, 0)


def unread_circuit(port: int) -> socket.socket:
    """A circuit with room for very little."""
    circuit = socket.socket()
    circuit.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    circuit.settimeout(20)
    circuit.connect(("127.0.0.1", port))
    kept.append(circuit)
    return circuit


def channels(circuit: socket.socket, names: list[str]) -> list[int]:
    """Server ids of the channels to these PVs."""
    circuit.sendall(VERSION + b"".join(create(name, cid) for cid, name in enumerate(names)))
    data, found = b"", []
    while len(found) < len(names):
        data += circuit.recv(65536)
        while len(data) >= HEADER.size:
            command, size, _type, _count, _cid, sid = HEADER.unpack_from(data)
            data = data[HEADER.size + size :]
            if command == CREATE:
                found.append(sid)
    return found


def monitors_unread(port: int, pvs: list[str], circuits: int) -> int:
    """Monitors on everything, and nobody takes the events."""
    for _ in range(circuits):
        circuit = unread_circuit(port)
        sids = channels(circuit, pvs)
        circuit.sendall(b"".join(subscribe(sid, number) for number, sid in enumerate(sids)))
    return circuits


def reads_unread(port: int, pv: str, most: int) -> int:
    """Reads without end, and nobody takes the answers; returns the bytes sent until the server took no more."""
    circuit = unread_circuit(port)
    (sid,) = channels(circuit, [pv])
    circuit.settimeout(STUCK_S)
    requests = HEADER.pack(READ, 0, TIME_CHAR, 256, sid, 1) * 100
    sent = 0
    while sent < most:
        try:
            sent += circuit.send(requests)
        except (TimeoutError, ConnectionError):  # it may have been given up already
            break
    return sent


def garbage(noise: random.Random) -> bytes:
    """Messages that announce too much, nothing, or something else than they bring."""
    start = noise.choice((b"", VERSION, VERSION + create("T:north:I1", 1)))
    size = noise.choice((0, 1, 8, 16, 0x7FFF, 0xFFFF))
    wrong = HEADER.pack(
        noise.choice((*range(30), 999, 0xFFFF)),
        size,
        noise.choice((0, 6, 20, 38, 0xFFFF)),
        noise.choice((0, 1, 0xFFFF)),
        noise.choice((0, 1, 0xFFFF_FFFF)),
        noise.choice((0, 1, 13, 0xFFFF_FFFF)),
    )
    extended = struct.pack(">II", noise.choice((0, 0x10_0000, 0xFFFF_FFFF)), noise.choice((0, 0xFFFF_FFFF)))
    return noise.choice(
        (
            noise.randbytes(noise.randrange(1, 600)),
            start + wrong + noise.randbytes(min(size, noise.randrange(1, 400))),
            start + HEADER.pack(noise.choice((CREATE, READ, SUBSCRIBE)), 0xFFFF, 0, 0, 1, 13) + extended,
            start + (wrong * 100),
        )
    )


def datagram(noise: random.Random) -> bytes:
    """Searches that are none, or that ask for what cannot be a name."""
    name = noise.choice(
        (b"", b"\0" * 8, b"." * 16, b"\xff" * 24, b'T:north:I1.{"dbnd":', b"T:north:I1.NAME$\0" + bytes(7), b"x" * 1000)
    )
    padded = name + bytes(-len(name) % 8)
    size = noise.choice((len(padded), 0, 0xFFFF))
    search = HEADER.pack(SEARCH, size, noise.choice((5, 10, 0xFFFF)), 13, 1, 1) + padded
    return noise.choice(
        (
            noise.randbytes(noise.randrange(1, 1500)),
            search,
            VERSION + search,
            (HEADER.pack(SEARCH, 0, 5, 13, 1, 1) * 4000)[: noise.choice((1024, 60_000))],
        )
    )
