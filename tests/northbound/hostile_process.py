"""Attacks in a process of their own, so that they cost the analysers and the healthy clients nothing but the gateway.

`python -m tests.northbound.hostile_process '[["task", {...}], ...]'` does one task after the other, prints a JSON line
with what came of them, and stays, with its connections as they are, until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from tests.northbound import ca_attacks, opcua_attacks

ANSWER_S = 0.2
"""Seconds for the server to answer garbage, or to hang up."""

LESS_URGENT = 5
"""Niceness: the attack does not take the processor from the analysers and the healthy clients."""


def reset(opened: socket.socket) -> None:
    """End a connection by RST."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()


def flood(port: int, count: int, beginning: str) -> int:
    """Connect and drop: at once or with half a message, by FIN or by RST; returns how many got through."""
    half = bytes.fromhex(beginning)
    through = 0
    for number in range(count):
        opened = socket.create_connection(("127.0.0.1", port), timeout=20)
        through += 1
        try:
            if number % 2:
                opened.sendall(half[: 1 + number % len(half)])
        except ConnectionError:
            pass
        if number % 4 < 2:
            opened.close()
        else:
            reset(opened)
    return through


def throw(port: int, pieces: list[bytes], ends: Callable[[socket.socket], None]) -> None:
    """Each piece on a connection of its own; then hear what the server says, for a moment."""
    for piece in pieces:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
            try:
                opened.sendall(piece)
                opened.settimeout(ANSWER_S / 20)
                opened.recv(65536)
            except (ConnectionError, TimeoutError):
                pass
            ends(opened)


def ca_garbage(port: int, seed: int, count: int) -> int:
    """Garbage by TCP and by UDP."""
    noise = random.Random(seed)
    throw(port, [ca_attacks.garbage(noise) for _ in range(count)], socket.socket.close)
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for _ in range(count):
            sender.sendto(ca_attacks.datagram(noise), ("127.0.0.1", port))
    return count


def opcua_garbage(port: int, seed: int, count: int) -> int:
    """Garbage before a channel is open, and inside open ones."""
    noise = random.Random(seed)
    throw(port, [opcua_attacks.garbage(noise) for _ in range(count)], reset)
    pieces = [*opcua_attacks.BOMBS.values(), *(opcua_attacks.damaged(noise) for _ in range(count))]
    for piece in pieces:
        channel = opcua_attacks.RawChannel(port)
        with channel.socket as opened:
            try:
                channel.send(piece)
                opened.settimeout(ANSWER_S)
                channel.receive()
            except (ConnectionError, TimeoutError):
                pass
    return len(pieces) + count


def opcua_endless_request(port: int, most: int) -> int:
    """One request in ever more chunks; returns the bytes sent until the server hung up."""
    channel = opcua_attacks.RawChannel(port)
    piece, sent = bytes(60_000), 0
    with channel.socket:
        try:
            while sent < most:
                channel.send(piece, b"MSGC", request_id=2)
                sent += len(piece)
        except ConnectionError:
            pass
    return sent


TASKS: dict[str, Callable[..., Any]] = {
    "ca_idle": ca_attacks.idle,
    "ca_malformed": ca_attacks.mute_after_malformed,
    "ca_monitoring": ca_attacks.monitoring,
    "ca_monitors_unread": ca_attacks.monitors_unread,
    "ca_reads_unread": ca_attacks.reads_unread,
    "ca_waveforms_unread": ca_attacks.waveforms_unread,
    "ca_garbage": ca_garbage,
    "opcua_subscription": opcua_attacks.subscription,
    "opcua_reads_unread": opcua_attacks.reads_unread,
    "opcua_endpoints_unread": opcua_attacks.endpoints_unread,
    "opcua_garbage": opcua_garbage,
    "opcua_endless_request": opcua_endless_request,
    "flood": flood,
}


def find(name: str) -> Callable[..., Any]:
    """A task, or one of `opcua_intruders`, which takes longer to import."""
    if name in TASKS:
        return TASKS[name]
    from tests.northbound import opcua_intruders

    task: Callable[..., Any] = getattr(opcua_intruders, name)
    return task


async def main(tasks: list[tuple[str, dict[str, Any]]]) -> None:
    outcomes = []
    for name, options in tasks:
        outcome = find(name)(**options)
        outcomes.append(await outcome if asyncio.iscoroutine(outcome) else outcome)
    sys.stdout.write(json.dumps(outcomes) + "\n")
    sys.stdout.flush()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    os.nice(LESS_URGENT)
    asyncio.run(main(json.loads(sys.argv[1])))
