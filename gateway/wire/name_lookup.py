"""Host names to addresses without holding up a shutdown."""

from __future__ import annotations

import asyncio
import socket
import threading
from ipaddress import ip_address

import anyio


async def address_of(host: str, port: int) -> str:
    """First address of a host, as text.

    The resolver of the system blocks, for tens of seconds when a name server is silent. asyncio's own look-up runs in
    threads that the end of the event loop waits for (9.7 s were seen from SIGTERM to exit), so a daemon thread does it.

    Raises:
        OSError: The name has no address.
    """
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    loop = asyncio.get_running_loop()
    answered = anyio.Event()
    answers: list[str | OSError] = []

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.append(str(found[0][4][0]))
        except OSError as error:
            answers.append(error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(answered.set)

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    await answered.wait()
    answer = answers[0]
    if isinstance(answer, OSError):
        raise answer
    return answer
