"""Free ports on this machine."""

from __future__ import annotations

import random
import socket

_FIRST, _LAST = 10_240, 32_000
"""Below the ports that systems give to outgoing connections (from 32,768 on Linux, from 49,152 elsewhere): nobody takes
one of these between this question and the server that it is for."""

_random = random.SystemRandom()


def free_port() -> int:
    """A port on loopback that is free for TCP and for UDP, as Channel Access needs it."""
    while True:
        port = _random.randint(_FIRST, _LAST)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
