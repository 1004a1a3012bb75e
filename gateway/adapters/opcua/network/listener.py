"""What listens on the network: asyncua's server with our connections, limits and endpoints."""

from __future__ import annotations

import logging

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.server import Server

from gateway.adapters.opcua.network.connection import Connection
from gateway.adapters.opcua.network.turns import Turns
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.model.client_places import ClientPlaces

CHUNK_BYTES = 65535
MESSAGE_BYTES = 1024 * 1024
"""Largest request, in at most as many chunks as it takes: 10,000 monitored items, the most at once, need half of it."""

USER_NAME_POLICY = "username"
"""PolicyId of the only token that names a user."""


class Listener(BinaryServer):
    """Listens, and makes a `Connection` of each that comes."""

    iserver: InnerServer

    def __init__(self, inner: InnerServer, host: str, port: int, limits: TransportLimits) -> None:
        super().__init__(inner, host, port, limits)
        self._places = ClientPlaces(inner.max_connections, logging.getLogger("gateway.adapters.opcua"))
        self._turns = Turns()

    def _make_protocol(self) -> OPCUAProtocol:
        return Connection(
            self._places,
            self._turns,
            iserver=self.iserver,
            policies=self._policies,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )


class NetworkServer(Server):
    """asyncua's server around our inner server."""

    def __init__(self, inner: InnerServer) -> None:
        super().__init__(iserver=inner)
        self._inner = inner
        self.limits = TransportLimits(
            max_recv_buffer=CHUNK_BYTES,
            max_send_buffer=CHUNK_BYTES,
            max_chunk_count=-(-MESSAGE_BYTES // CHUNK_BYTES),
            max_message_size=MESSAGE_BYTES,
        )

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The port is taken, or the address is not this machine's.
        """
        await self._setup_server_nodes()
        if self._inner.operators is not None:
            self._offer_user_names()
        await self._inner.start()
        host, port = self._get_bind_socket_info()
        assert host is not None  # noqa: S101  the adapter has set both
        assert port is not None  # noqa: S101
        self.bserver = Listener(self._inner, host, port, self.limits)
        self.bserver.set_policies(self._policies)
        await self.bserver.start()

    def _offer_user_names(self) -> None:
        """On encrypted endpoints only, and with the password encrypted once more, for this server and this session.

        asyncua would offer user names on every endpoint, and ask for plain passwords on encrypted ones.
        """
        for endpoint in self._inner.endpoints:
            if endpoint.SecurityMode == ua.MessageSecurityMode.SignAndEncrypt:
                policy = ua.UserTokenPolicy(
                    PolicyId=USER_NAME_POLICY,
                    TokenType=ua.UserTokenType.UserName,
                    SecurityPolicyUri=endpoint.SecurityPolicyUri,
                )
                endpoint.UserIdentityTokens.append(policy)
