"""What a Channel Access client can do wrong, in bytes (CA protocol, message headers)."""

from __future__ import annotations

import random
import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from itertools import islice

HEADER = struct.Struct(">HHHHII")
VERSION = HEADER.pack(0, 0, 0, 13, 0, 0)
SUBSCRIBE, CANCEL, WRITE, SEARCH, CLEAR, READ, CREATE, WRITE_NOTIFY, ECHO = 1, 2, 4, 6, 12, 15, 18, 19, 23
TIME_DOUBLE, TIME_CHAR, LONGEST_TEXT = 20, 18, 256
STUCK_S = 0.5
"""Seconds without progress after which a sender is held up for good."""

kept: list[socket.socket] = []
"""Connections that stay as they are until the process ends."""


def create(name: str, cid: int) -> bytes:
    """Ask for a channel."""
    payload = name.encode() + bytes(8 - len(name) % 8)
    return HEADER.pack(CREATE, len(payload), 0, 0, cid, 13) + payload


def subscribe(sid: int, subscription: int, dbr_type: int = TIME_DOUBLE, count: int = 1) -> bytes:
    """Ask for a monitor."""
    return HEADER.pack(SUBSCRIBE, 16, dbr_type, count, sid, subscription) + struct.pack(">fffHH", 0, 0, 0, 7, 0)


def unread_circuit(port: int) -> socket.socket:
    """A circuit with room for very little."""
    circuit = socket.socket()
    circuit.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    circuit.settimeout(20)
    circuit.connect(("127.0.0.1", port))
    kept.append(circuit)
    return circuit


def messages(circuit: socket.socket) -> Iterator[tuple[int, int]]:
    """Command and second parameter of each message that comes, until the circuit ends."""
    data = b""
    while piece := circuit.recv(65536):
        data += piece
        while len(data) >= HEADER.size:
            command, size, _type, _count, _first, second = HEADER.unpack_from(data)
            if len(data) < HEADER.size + size:
                break
            data = data[HEADER.size + size :]
            yield command, second


def channels(circuit: socket.socket, names: list[str]) -> list[int]:
    """Server ids of the channels to these PVs."""
    circuit.sendall(VERSION + b"".join(create(name, cid) for cid, name in enumerate(names)))
    answers = (sid for command, sid in messages(circuit) if command == CREATE)
    return list(islice(answers, len(names)))


def monitors_unread(port: int, pvs: list[str], circuits: int) -> int:
    """Monitors on everything, and nobody takes the events."""
    for _ in range(circuits):
        circuit = unread_circuit(port)
        sids = channels(circuit, pvs)
        circuit.sendall(b"".join(subscribe(sid, number) for number, sid in enumerate(sids)))
    return circuits


def waveforms_unread(port: int, pv: str, circuits: int, monitors: int) -> int:
    """Monitors on a text as an array of characters, of which not even the first values are taken."""
    for _ in range(circuits):
        circuit = unread_circuit(port)
        (sid,) = channels(circuit, [pv])
        circuit.sendall(b"".join(subscribe(sid, number, TIME_CHAR, LONGEST_TEXT) for number in range(monitors)))
    return circuits


def reads_unread(port: int, pv: str, most: int) -> int:
    """Reads without end, and nobody takes the answers; returns the bytes sent until the server took no more."""
    circuit = unread_circuit(port)
    (sid,) = channels(circuit, [pv])
    circuit.settimeout(STUCK_S)
    requests = HEADER.pack(READ, 0, TIME_CHAR, LONGEST_TEXT, sid, 1) * 100
    sent = 0
    while sent < most:
        try:
            sent += circuit.send(requests)
        except (TimeoutError, ConnectionError):  # it may have been given up already
            break
    return sent


def idle(port: int, count: int) -> int:
    """Circuits that greet, and say no more; returns how many the server took."""
    taken = 0
    for _ in range(count):
        circuit = socket.create_connection(("127.0.0.1", port), timeout=20)
        try:
            circuit.sendall(VERSION)
            taken += bool(circuit.recv(4096))
        except ConnectionError:
            circuit.close()
        else:
            kept.append(circuit)
    return taken


def monitoring(port: int, pv: str, circuits: int) -> int:
    """Circuits with one monitor each, whose events are taken as they come; returns how many got the first."""
    started = []
    for _ in range(circuits):
        circuit = socket.create_connection(("127.0.0.1", port), timeout=20)
        (sid,) = channels(circuit, [pv])
        circuit.sendall(subscribe(sid, 1))
        started.append(circuit)
    served = sum(bool(circuit.recv(65536)) for circuit in started)
    threading.Thread(target=_take_all, args=(started,), daemon=True).start()
    return served


def _take_all(circuits: list[socket.socket]) -> None:
    events = selectors.DefaultSelector()
    for circuit in circuits:
        events.register(circuit, selectors.EVENT_READ)
    while True:
        for key, _ in events.select():
            assert isinstance(key.fileobj, socket.socket)
            if not key.fileobj.recv(65536):
                events.unregister(key.fileobj)


NAME = "T:north:I1"
_ONE = struct.pack(">d", 1.0)


def malformed(sid: int) -> dict[str, bytes]:
    """Messages of a client that has one channel, `sid`, and a monitor 1 on it."""
    cancel, clear = HEADER.pack(CANCEL, 0, TIME_DOUBLE, 1, sid, 1), HEADER.pack(CLEAR, 0, 0, 0, sid, 0)
    endless = HEADER.pack(CREATE, 0xFFFF, 0, 0, 2, 13) + struct.pack(">II", 2**32 - 1, 1)
    return {
        "unknown command": HEADER.pack(999, 0, 0, 0, 0, 0),
        "command for clients": HEADER.pack(17, 8, 0, 0, 0, 0) + bytes(8),
        "read of an unknown channel": HEADER.pack(READ, 0, TIME_DOUBLE, 1, 4711, 1),
        "write to an unknown channel": HEADER.pack(WRITE_NOTIFY, 8, 6, 1, 4711, 1) + _ONE,
        "monitor of an unknown channel": subscribe(4711, 2),
        "clearing an unknown channel": HEADER.pack(CLEAR, 0, 0, 0, 4711, 1),
        "clearing twice": clear + clear,
        "cancelling an unknown monitor": HEADER.pack(CANCEL, 0, TIME_DOUBLE, 1, sid, 4711),
        "cancelling twice": cancel + cancel,
        "read after clearing": clear + HEADER.pack(READ, 0, TIME_DOUBLE, 1, sid, 1),
        "read as an unknown type": HEADER.pack(READ, 0, 999, 1, sid, 1),
        "monitor as an unknown type": HEADER.pack(SUBSCRIBE, 16, 999, 1, sid, 2) + bytes(16),
        "read of too many elements": HEADER.pack(READ, 0, TIME_DOUBLE, 0xFFFF, sid, 1),
        "monitor without its mask": HEADER.pack(SUBSCRIBE, 0, TIME_DOUBLE, 1, sid, 2),
        "write of more elements than it brings": HEADER.pack(WRITE, 8, 6, 1000, sid, 1) + _ONE,
        "write of nothing": HEADER.pack(WRITE_NOTIFY, 0, 6, 1, sid, 1),
        "channel without a name": HEADER.pack(CREATE, 0, 0, 0, 2, 13),
        "name that does not end": HEADER.pack(CREATE, 16, 0, 0, 2, 13) + b"x" * 16,
        "name that is no text": HEADER.pack(CREATE, 16, 0, 0, 2, 13) + b"\xff" * 15 + b"\0",
        "filter that is none": create(f'{NAME}.{{"dbnd":{{"abs":"x"}}}}', 2),
        "length that is no multiple of eight": HEADER.pack(ECHO, 3, 0, 0, 0, 0) + bytes(3),
        "extended header of four gigabytes": endless,
        "search without a name": HEADER.pack(SEARCH, 0, 10, 13, 1, 1),
    }


def mute_after_malformed(port: int) -> list[str]:
    """Send each, and then an echo: which circuits neither answer that nor end."""
    mute = []
    for what in malformed(0):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as circuit:
            (sid,) = channels(circuit, [NAME])
            circuit.sendall(subscribe(sid, 1) + malformed(sid)[what] + HEADER.pack(ECHO, 0, 0, 0, 0, 0))
            try:
                any(command == ECHO for command, _ in messages(circuit))
            except TimeoutError:
                mute.append(what)
            except ConnectionError:
                pass
    return mute


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
