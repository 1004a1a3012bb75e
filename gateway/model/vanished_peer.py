"""Ends of TCP connections that nobody announces: what the kernel can be asked to notice."""

from __future__ import annotations

import socket


def notice_vanished_peer(raw: socket.socket, *, untaken_s: int, probes: int | None = None) -> None:
    """Ask the kernel to end a connection whose other end has vanished, or takes nothing any more.

    Linux sends no keep-alive probes while sent data waits to be acknowledged; TCP_USER_TIMEOUT bounds that.

    Args:
        raw: The connected socket.
        untaken_s: Seconds that sent data may wait to be taken.
        probes: Unanswered probes, 5 s apart after 15 s of silence, that end it; None for the system's own number.
    """
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": probes, "TCP_USER_TIMEOUT": 1000 * untaken_s}
    for option, value in options.items():
        if value is not None and hasattr(socket, option):
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
