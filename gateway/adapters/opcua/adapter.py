"""The OPC UA server: life cycle, and the door for Updates."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

import anyio
from anyio import to_thread
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint
from asyncua import ua
from asyncua.server.binary_server_asyncio import BinaryServer

from gateway.adapters.opcua.address_space.site_tree import add_site
from gateway.adapters.opcua.conditions.engine import ConditionEngine
from gateway.adapters.opcua.engine.decoding import bound_decoding
from gateway.adapters.opcua.engine.logging import quieten_engine
from gateway.adapters.opcua.engine.version import report_untested_engine
from gateway.adapters.opcua.models.install import install as install_models
from gateway.adapters.opcua.models.install import namespaces, prepare_import
from gateway.adapters.opcua.models.nodeset_folder import import_nodesets, plan_import
from gateway.adapters.opcua.network.listener import NetworkServer
from gateway.adapters.opcua.network.policies import ChannelOffer, offered_policies
from gateway.adapters.opcua.node_ids import SITE_NAMESPACE_INDEX, method_nodes, namespace_uri, point_nodes
from gateway.adapters.opcua.notifications.event_queue import EventQueue
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.security.server_identity import (
    open_pki,
    report_security,
    served_application_uri,
    usual_application_uri,
)
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.method_calls import offer_actions, offer_model_actions
from gateway.adapters.opcua.services.namespace_metadata import NamespaceMetadata
from gateway.adapters.opcua.services.open_logins import open_logins
from gateway.adapters.opcua.services.permitted import ReadingServices
from gateway.adapters.opcua.services.role_set import show_roles
from gateway.adapters.opcua.services.self_description import describe_server
from gateway.adapters.opcua.services.server_object import ServerObject, build_info
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.adapters.opcua.settings import WILDCARDS, OpcUaSettings
from gateway.errors import AdapterError
from gateway.model.garbage import not_searched_for_garbage
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.update import Update
from gateway.ports import ActionDesk
from gateway.streaming.clock import SystemClock

PRODUCT_URI = "urn:analyser-gateway"
PRODUCT_NAME = "Analyser gateway"
_DISTRIBUTION = "analyser-gateway"
_CLOSING_TIME = 0.5
"""Seconds that clients get to take what has been sent."""


def _bind_error(settings: OpcUaSettings, error: OSError) -> AdapterError:
    where = f"opcua {settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return AdapterError(
            f"port {settings.port} is in use",
            where=where,
            hint="another program or another gateway listens there: stop it, or set another `port`",
        )
    if error.errno == errno.EACCES:
        return AdapterError(
            f"port {settings.port} is not allowed", where=where, hint="set a `port` of 1024 or more, such as 4840"
        )
    return AdapterError(
        f"cannot listen: {error}", where=where, hint="`host` must be an address of this machine; 0.0.0.0 takes all"
    )


class OpcUaAdapter:
    """Serves one site. Updates are taken at any time; a server started later shows what they left.

    Args:
        site: What to serve.
        settings: How to be reached.

    Raises:
        SettingsError: A name of the site cannot be part of a NodeId, or is given twice.
    """

    def __init__(self, site: SiteSpec, settings: OpcUaSettings) -> None:
        point_nodes(site)
        quieten_engine()
        bound_decoding()
        report_untested_engine()
        self._site = site
        self._settings = settings
        self._values = PointValues(site)
        self._nodesets = () if settings.nodesets is None else plan_import(settings.nodesets, namespaces(site))
        self._latest: dict[int, Update] = {}
        self._conditions: ConditionEngine | None = None
        self._endpoints: tuple[str, ...] = ()
        self._desk: ActionDesk | None = None

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Endpoint URLs; empty while no server runs."""
        return self._endpoints

    def offer(self, desk: ActionDesk) -> None:
        """Take the desk. Without one, or without an open action, nothing but reading is possible."""
        self._desk = desk

    def apply(self, update: Update) -> None:
        """Show one Update. Clients get all of it in one publish response.

        Raises:
            AdapterError: A value is not of the kind announced; then nothing of the update is shown.
        """
        self._values.apply(update)
        self._latest[update.group] = update
        if self._conditions is not None:
            self._conditions.apply(update)

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        """Serve clients until cancelled. May be called again after it has ended.

        Raises:
            AdapterError: The server cannot start.
        """
        inner = InnerServer(self._values, self._settings.limits)
        server = NetworkServer(inner)
        shown: ServerObject | None = None
        try:
            await self._prepare(server, inner)
            conditions = await self._watch_conditions(inner)
            await self._listen(server)
            build = build_info(product_uri=PRODUCT_URI, product_name=PRODUCT_NAME, version=version(_DISTRIBUTION))
            shown = ServerObject(inner.aspace, build, self._states_by_analyser)
            shown.show()
            show_roles(inner.aspace, inner.services.access, inner.logins)
            with not_searched_for_garbage():
                task_status.started()
                async with anyio.create_task_group() as inner.calls:
                    inner.calls.start_soon(inner.activation.follow_users)
                    inner.calls.start_soon(server.follow_trust)
                    inner.calls.start_soon(conditions.serve)
                    await anyio.sleep_forever()
        finally:
            self._endpoints, self._conditions = (), None
            inner.calls = None
            with anyio.CancelScope(shield=True):
                await self._stop(server, inner, shown)

    def _states_by_analyser(self) -> list[Sequence[State]]:
        """States of what each analyser says, at the moment."""
        return [self._values.group(device.groups[0].index).states for device in self._site.devices]

    async def _prepare(self, server: NetworkServer, inner: InnerServer) -> None:
        settings, usual_uri = self._settings, usual_application_uri(namespace_uri(self._site))
        pki = await to_thread.run_sync(open_pki, settings, usual_uri)
        identity = None if pki is None else pki.identity
        methods = method_nodes(self._site) if self._desk is not None else ()
        offered = offered_policies(settings.security, identity, ReadingServices())
        key = None if identity is None else identity.private_key
        application_uri = served_application_uri(pki, usual_uri)
        open_logins(inner, self._desk, key, settings.anonymous, pki, application_uri)
        server.offer_channels(ChannelOffer(offered, pki), inner.logins.offered)
        report_security(settings, pki)
        server.product_uri = PRODUCT_URI
        server.manufacturer_name = PRODUCT_NAME
        server.application_type = ua.ApplicationType.Server
        server.set_server_name(self._settings.application_name)
        await server.init()
        await server.set_application_uri(application_uri)
        index = await server.register_namespace(namespace_uri(self._site))
        if index != SITE_NAMESPACE_INDEX:
            raise AdapterError(
                f"the site's namespace got index {index}", where="opcua", hint="report this as a bug of the gateway"
            )
        now, release = datetime.now(UTC), version(_DISTRIBUTION)
        own = [
            NamespaceMetadata(place, uri, release, now)
            for place, uri in ((1, application_uri), (SITE_NAMESPACE_INDEX, namespace_uri(self._site)))
        ]
        await to_thread.run_sync(partial(describe_server, inner, own, secure=identity is not None))
        await to_thread.run_sync(add_site, self._site, methods, inner.aspace)
        if self._nodesets:
            await to_thread.run_sync(prepare_import, inner.aspace)
            await to_thread.run_sync(import_nodesets, server, self._nodesets)
        indices = {one.value: await server.register_namespace(one.value) for one in namespaces(self._site)}
        more = await to_thread.run_sync(install_models, self._site, inner.aspace, self._values, indices)
        self._values.install(inner.aspace)
        if self._desk is not None:
            offer_actions(inner.methods, self._desk, methods)
            offer_model_actions(inner.methods, self._desk, more)

    async def _watch_conditions(self, inner: InnerServer) -> ConditionEngine:
        """Judge what is known already, and every Update from now on."""

        def items(subscription_id: int, session: ClientSession) -> Sequence[EventQueue]:
            return inner.subscriptions.items(inner.subscriptions.owned(subscription_id, session)).event_queues

        conditions = ConditionEngine(
            self._site, inner.aspace, inner.notifier, inner.methods, items, inner.audit.record, SystemClock()
        )
        await to_thread.run_sync(conditions.install)
        for update in self._latest.values():
            conditions.apply(update)
        self._conditions = conditions
        return conditions

    async def _listen(self, server: NetworkServer) -> None:
        settings = self._settings
        server.socket_address = (settings.host, settings.port)
        host = settings.advertised_host
        server.set_match_discovery_endpoint_url(host is None)
        server.set_match_discovery_client_ip(host is None)
        if host is None:
            host = socket.gethostname() if settings.host in WILDCARDS else settings.host
        server.set_endpoint(settings.endpoint_url(host, settings.port))
        try:
            await server.start()
        except OSError as error:
            raise _bind_error(settings, error) from error
        assert server.bserver is not None  # noqa: S101  made by start()
        url = settings.endpoint_url(host, server.bserver.port)
        for endpoint in server.iserver.endpoints:
            endpoint.EndpointUrl = url
            endpoint.Server.DiscoveryUrls = [url]
        self._endpoints = (url,)

    async def _stop(self, server: NetworkServer, inner: InnerServer, shown: ServerObject | None) -> None:
        try:
            if shown is not None:
                shown.stop()
                await inner.publish_now()
        finally:
            if server.bserver is not None:
                await self._close_connections(server.bserver, inner)
            await inner.close_sessions()
            await inner.stop()
            self._values.forget_watchers()

    async def _close_connections(self, network: BinaryServer, inner: InnerServer) -> None:
        with anyio.move_on_after(_CLOSING_TIME) as patience:
            await network.stop()
        if patience.cancelled_caught:  # a client that does not read keeps its connection half closed for ever
            for transport in list(inner.asyncio_transports):
                transport.abort()
            await checkpoint()
            await network.stop()
        await checkpoint()
        await asyncio.gather(*network.closing_tasks, return_exceptions=True)
