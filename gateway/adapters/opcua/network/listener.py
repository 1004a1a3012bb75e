"""What listens on the network: asyncua's server with our connections, limits and endpoints."""

from __future__ import annotations

import logging

import anyio
from anyio.lowlevel import checkpoint
from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.server import Server

from gateway.adapters.opcua.network.connection import Connection
from gateway.adapters.opcua.network.endpoints import Tokens, describe_endpoints
from gateway.adapters.opcua.network.policies import ChannelOffer
from gateway.adapters.opcua.network.secure_channel import SecureChannel
from gateway.adapters.opcua.network.turns import Turns
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.model.client_places import ClientPlaces

ACTIVATION_S = 30.0
"""Seconds after which a connection without an activated session is ended; a channel alone is no reason to stay."""

TRUST_LOOK_S = 1.0
"""Time between looks at the folders of trusted certificates; a look costs 60 us."""

CHUNK_BYTES = 65535


class Listener(BinaryServer):
    """Listens, and makes a `Connection` of each that comes."""

    iserver: InnerServer

    def __init__(self, inner: InnerServer, host: str, port: int, limits: TransportLimits, offer: ChannelOffer) -> None:
        super().__init__(inner, host, port, limits)
        inner.max_pending_activation_seconds = ACTIVATION_S
        self._offer = offer
        self._places = ClientPlaces(inner.max_connections, logging.getLogger("gateway.adapters.opcua"))
        self._turns = Turns()

    def _make_protocol(self) -> OPCUAProtocol:
        return Connection(
            self._places,
            self._turns,
            self._offer,
            iserver=self.iserver,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )


class NetworkServer(Server):
    """asyncua's server around our inner server.

    Args:
        inner: The inner server.
    """

    def __init__(self, inner: InnerServer) -> None:
        super().__init__(iserver=inner)
        self._inner = inner
        self._offer = ChannelOffer((), None)
        self._tokens: Tokens = lambda _policy: ()
        self.limits = TransportLimits(
            max_recv_buffer=CHUNK_BYTES,
            max_send_buffer=CHUNK_BYTES,
            max_chunk_count=-(-inner.limits.message_bytes // CHUNK_BYTES),
            max_message_size=inner.limits.message_bytes,
        )

    def offer_channels(self, offer: ChannelOffer, tokens: Tokens) -> None:
        """Before the start.

        Args:
            offer: What channels may be opened with, and by whom.
            tokens: How users may prove themselves.
        """
        self._offer, self._tokens = offer, tokens

    async def follow_trust(self) -> None:
        """Send clients away that an administrator trusts no longer, until cancelled."""
        pki = self._offer.pki
        if pki is None:
            return
        seen = pki.trust_version
        while True:
            await anyio.sleep(TRUST_LOOK_S)
            if seen == (seen := pki.trust_version):
                continue
            for connection in [] if self.bserver is None else list(self.bserver.clients):
                if isinstance(connection.processor, SecureChannel):
                    connection.processor.require_trust()
                await checkpoint()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The port is taken, or the address is not this machine's.
        """
        for endpoint in self._endpoints():
            self._inner.add_endpoint(endpoint)
        await self._inner.start()
        host, port = self._get_bind_socket_info()
        assert host is not None  # noqa: S101  the adapter has set both
        assert port is not None  # noqa: S101
        self.bserver = Listener(self._inner, host, port, self.limits, self._offer)
        await self.bserver.start()

    def _endpoints(self) -> list[ua.EndpointDescription]:
        url = self.endpoint.geturl()
        application = ua.ApplicationDescription(
            ApplicationUri=ua.String(self._application_uri),
            ProductUri=ua.String(self.product_uri),
            ApplicationName=ua.LocalizedText(ua.String(self.name)),
            ApplicationType=self.application_type,
            DiscoveryUrls=[ua.String(url)],
        )
        offered = [one for one in self._offer.policies if one.for_sessions]
        return describe_endpoints(offered, application, url, self._tokens)
