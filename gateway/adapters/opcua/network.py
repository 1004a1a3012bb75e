"""What listens on the network: asyncua's server with our connections, limits and endpoints."""

from __future__ import annotations

import asyncio

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.server import Server

from gateway.adapters.opcua.inner_server import InnerServer
from gateway.adapters.opcua.secure_channel import SecureChannel

CHUNK_BYTES = 65535
MESSAGE_BYTES = 4 * 1024 * 1024
"""Largest request, in at most as many chunks as it takes."""

USER_NAME_POLICY = "username"
"""PolicyId of the only token that names a user."""


class Connection(OPCUAProtocol):
    """One connection of a client."""

    iserver: InnerServer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As the base class, with a `SecureChannel`."""
        super().connection_made(transport)
        if self.transport is not None:
            self.processor = SecureChannel(self.iserver, self.transport, self.limits)
            self.processor.set_policies(self.policies)  # type: ignore[no-untyped-call]

    def data_received(self, data: bytes) -> None:
        """As the base class, which would collect a chunk of any size."""
        super().data_received(data)
        if len(self._buffer) > self.limits.max_recv_buffer and self.transport is not None:
            self.transport.abort()


class Listener(BinaryServer):
    """Listens, and makes a `Connection` of each that comes."""

    iserver: InnerServer

    def _make_protocol(self) -> OPCUAProtocol:
        return Connection(self.iserver, self._policies, self.clients, self.closing_tasks, self.limits)


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
