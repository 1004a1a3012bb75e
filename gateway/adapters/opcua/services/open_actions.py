"""Opens a server for operators: who it is, who they are, and what they may call."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence

from anyio import to_thread

from gateway.adapters.opcua.node_ids import MethodNode
from gateway.adapters.opcua.security.application_identity import new_identity, own_address
from gateway.adapters.opcua.security.operators import Operators
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.method_calls import offer_actions
from gateway.adapters.opcua.settings import WILDCARDS, OpcUaSettings
from gateway.errors import AdapterError
from gateway.ports import ActionDesk

_LOG = logging.getLogger("gateway.adapters.opcua")


def _hosts(settings: OpcUaSettings) -> list[str]:
    """Names and addresses under which clients may reach the server."""
    listening = own_address() if settings.host in WILDCARDS else settings.host
    hosts = [socket.gethostname(), "localhost", settings.advertised_host, "127.0.0.1", "::1", listening]
    return [host for host in hosts if host]


async def open_actions(
    inner: InnerServer,
    desk: ActionDesk,
    methods: Sequence[MethodNode],
    settings: OpcUaSettings,
    application_uri: str,
) -> None:
    """Make a key and a certificate for this start, and let operators in with them.

    Args:
        inner: Initialised, and not listening yet.
        desk: Who knows operators and carries out actions.
        methods: Methods in the address space.
        settings: How the server is reached.
        application_uri: ApplicationUri of the server.

    Raises:
        AdapterError: A host of the settings cannot be in a certificate.
    """
    try:
        identity = await to_thread.run_sync(new_identity, application_uri, settings.application_name, _hosts(settings))
    except ValueError as error:
        raise AdapterError(
            f"no certificate for these host names: {error}", where="opcua", hint="correct `advertised_host`"
        ) from error
    inner.open_actions(identity, Operators(desk, identity.private_key))
    offer_actions(inner.methods, desk, methods)
    _LOG.info("open for operators over Basic256Sha256; thumbprint of this start's certificate: %s", identity.thumbprint)
