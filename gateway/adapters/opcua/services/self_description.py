"""What the server says of itself before anybody asks: capabilities, diagnostics, methods, namespaces."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.adapters.opcua.services.capabilities import profiles, show_capabilities
from gateway.adapters.opcua.services.diagnostics import ServerDiagnostics
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.namespace_metadata import NamespaceMetadata, add_namespace_metadata
from gateway.adapters.opcua.services.served_values import ServedValues
from gateway.adapters.opcua.services.server_methods import offer_server_methods
from gateway.adapters.opcua.services.unsupported_parts import remove_unsupported_parts


def describe_server(inner: InnerServer, namespaces: Iterable[NamespaceMetadata], *, secure: bool) -> None:
    """Fill what does not depend on the server's running. Before it listens; takes 0.02 s.

    Args:
        inner: With the nodes of OPC UA itself.
        namespaces: Those of the server itself.
        secure: Whether it has secure endpoints.

    Raises:
        AdapterError: A namespace has been described before.
    """
    remove_unsupported_parts(inner.aspace)
    values = ServedValues(inner.aspace)
    show_capabilities(values, inner.limits, profiles(secure=secure))
    diagnostics = ServerDiagnostics(inner.client_sessions, inner.subscriptions, inner.audit.counters, inner.requests)
    diagnostics.serve(values, inner.services.access)
    offer_server_methods(inner.methods, inner.subscriptions)
    for one in namespaces:
        add_namespace_metadata(inner.aspace, one)
