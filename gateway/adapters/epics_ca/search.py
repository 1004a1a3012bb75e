"""Searches by UDP: which of the names asked for are served here. Unknown names are nobody's business."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import cast

from gateway.adapters.epics_ca.engine import ca
from gateway.adapters.epics_ca.refusals import Refusal, Refusals
from gateway.adapters.epics_ca.search_budget import SearchBudget

LONGEST_SEARCH = 2048
"""Bytes of one datagram. Clients fill at most one Ethernet frame; caproto's parser takes 0.1 s for 64 KiB."""

_VERSION = ca.DEFAULT_PROTOCOL_VERSION


class SearchResponder(asyncio.DatagramProtocol):
    """Answers searches on one interface, from the socket that they came to.

    Args:
        names: PVs and fields that are served.
        port: TCP port of the server.
        budget: How many datagrams are looked at.
        ignored: Addresses that get no answer.
        refusals: Where it is counted what was not looked at.
    """

    def __init__(
        self, names: Container[str], port: int, budget: SearchBudget, ignored: Container[str], refusals: Refusals
    ) -> None:
        self._names = names
        self._port = port
        self._budget = budget
        self._ignored = ignored
        self._refusals = refusals
        self._broadcaster = ca.Broadcaster(our_role=ca.SERVER)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ready."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer the names that are known, in one datagram as they came in one."""
        if addr[0] in self._ignored:
            return
        if len(data) > LONGEST_SEARCH or not self._budget.take(addr[0]):
            self._refusals[Refusal.SEARCH] += 1
            return
        try:
            requests = self._broadcaster.recv(data, addr)
        except ca.RemoteProtocolError:
            return
        found = [
            ca.SearchResponse(self._port, None, request.cid, _VERSION)
            for request in requests
            if isinstance(request, ca.SearchRequest) and request.name in self._names
        ]
        if found and self._transport is not None:
            if any(isinstance(request, ca.VersionRequest) for request in requests):
                found.insert(0, ca.VersionResponse(_VERSION))
            self._transport.sendto(b"".join(bytes(response) for response in found), addr)

    def error_received(self, exc: Exception) -> None:
        """A client that has gone before its answer came is no news."""


class BroadcastListener(asyncio.DatagramProtocol):
    """Hears searches that were broadcast; they are answered from the interface's own address.

    Args:
        responder: Who answers.
    """

    def __init__(self, responder: SearchResponder) -> None:
        self._responder = responder

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Pass it on."""
        self._responder.datagram_received(data, addr)
