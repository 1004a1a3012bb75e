"""Hears the receivers of RecSync, which make themselves known by datagrams."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import anyio

from gateway.adapters.epics_ca.recsync_messages import Announcement, announcement

WHOEVER_ASKS = "0.0.0.0"  # noqa: S104  compared, not bound


def shared_socket(interface: str, port: int) -> socket.socket:
    """A socket that other servers of this machine can have as well: all of them hear broadcasts.

    Raises:
        OSError: The port is taken by a program that does not share it, or the address is not this machine's.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((interface, port))
    except OSError:
        listening.close()
        raise
    return listening


class AnnouncementListener(asyncio.DatagramProtocol):
    """Keeps the newest announcement of a receiver that may have the list.

    Args:
        receivers: IPv4 addresses of those that may.
    """

    def __init__(self, receivers: Sequence[str]) -> None:
        self._receivers = receivers
        self._heard: Announcement | None = None
        self._news = anyio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take an announcement; both its sender and the place that it names must be receivers."""
        found = announcement(data)
        if found is None:
            return
        host = found.host or addr[0]
        if WHOEVER_ASKS in self._receivers or {host, addr[0]} <= set(self._receivers):
            self._heard = Announcement(host, found.port, found.key)
            self._news.set()

    def forget(self) -> None:
        """What was heard so far is old."""
        self._heard, self._news = None, anyio.Event()

    async def next(self) -> Announcement:
        """Wait for an announcement."""
        while self._heard is None:
            await self._news.wait()
        return self._heard
