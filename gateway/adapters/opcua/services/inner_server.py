"""The inner server: address space, sessions and subscriptions behind the network.

It is open for anonymous readers alone until `open_logins` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.address_space.standard_nodes import add_standard_nodes
from gateway.adapters.opcua.events.notifier import EventNotifier
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.security.audit import AuditTrail
from gateway.adapters.opcua.security.audit_records import session_ended
from gateway.adapters.opcua.security.logins import Logins
from gateway.adapters.opcua.security.user_manager import AnonymousReaders
from gateway.adapters.opcua.services.activation import Activation
from gateway.adapters.opcua.services.diagnostics import RequestCounters
from gateway.adapters.opcua.services.discovery import with_profiles, with_uris
from gateway.adapters.opcua.services.dispatch import Services
from gateway.adapters.opcua.services.method_table import MethodTable
from gateway.adapters.opcua.services.sessions import ClientSession, end_oldest_abandoned

_MOMENT_S = 0.2


class InnerServer(InternalServer):
    """asyncua's inner server with our sessions, subscriptions, users and limits.

    Args:
        values: Values of the site.
        limits: How much clients may ask for.

    Attributes:
        logins: Who is let in.
        audit: Where it is listed who came, went or was turned away.
        activation: Gives sessions their users.
        methods: What clients may call.
        limits: How much clients may ask for.
        notifier: Where events begin their way to clients.
        subscriptions: Of all sessions.
        services: What clients can ask for beside sessions, subscriptions and calls.
        requests: What has been refused, and how sessions have ended.
        calls: Owner of the calls in progress; None while the server takes none.
    """

    def __init__(self, values: PointValues, limits: Limits) -> None:
        super().__init__(user_manager=AnonymousReaders())
        self.methods = MethodTable(self.aspace)
        self.limits = limits
        self.open_logins(Logins(anonymous=True), AuditTrail())
        self.notifier = EventNotifier(self.aspace)
        self.subscriptions = Subscriptions(self.aspace, values, self.notifier, self.limits)
        self.services = Services(self.aspace, self.methods, self.subscriptions, self.limits)
        self.requests = RequestCounters()
        self.calls: TaskGroup | None = None
        self.allow_remote_admin = False
        self.supported_tokens = (ua.AnonymousIdentityToken,)  # type: ignore[assignment]  # inferred from the default
        self.disabled_clock = True  # `ServerObject` tells the time
        self.max_connections = self.limits.connections
        self.min_session_timeout_ms = 1000 * self.limits.shortest_session_timeout_s
        self.max_session_timeout_ms = 1000 * self.limits.longest_session_timeout_s

    def open_logins(self, logins: Logins, audit: AuditTrail) -> None:
        """Say who is let in. Before the server listens."""
        self.logins, self.audit = logins, audit
        self.activation = Activation(logins, audit, self.limits, self.client_sessions)

    def client_sessions(self) -> Iterator[ClientSession]:
        """Every session of a client."""
        return (session for session in self._external_sessions.values() if isinstance(session, ClientSession))

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:  # noqa: ARG002  fixed by the base class
        """Fill the address space; asyncua's own way takes three times as long and three times the memory.

        Raises:
            AdapterError: The installed asyncua keeps its nodes elsewhere.
        """
        await to_thread.run_sync(add_standard_nodes, self.aspace)

    def create_session(
        self,
        name: str,
        user: User = User(role=UserRole.Anonymous),  # noqa: B008  fixed by the base class
        external: bool = False,  # noqa: FBT001, FBT002  fixed by the base class
    ) -> InternalSession:
        """Session of a network client, or of the server itself.

        Raises:
            ServiceError: There are too many.
        """
        if not external:
            return super().create_session(name, user, external)
        if len(self._external_sessions) >= self.limits.sessions:
            raise ServiceError(StatusCodes.BadTooManySessions)
        host = name[0]  # asyncua gives the peer's address and port
        if sum(other.host == host for other in self.client_sessions()) >= self.limits.sessions_per_address:
            raise ServiceError(StatusCodes.BadTooManySessions)
        session = ClientSession(self, self.subscriptions, name, self.limits.continuation_points)
        session.ended = self._note_end
        return session

    def _note_end(self, session: ClientSession) -> None:
        self.requests.session_ended(session)
        user = "" if session.identity is None else session.identity.user or ""
        self.audit.record(session_ended(session, user, session.end_reason or "session closed"))

    async def make_room(self, host: str) -> None:
        """Before a session or a subscription: where there is no room, the oldest session without a connection ends.

        Sessions with subscriptions outlive their connection by up to 10 minutes, so that a client which comes and goes
        would lock out everybody.

        Args:
            host: Address of the client that asks.
        """
        limits, sessions = self.limits, list(self.client_sessions())
        neighbours = [session for session in sessions if session.host == host]
        if len(sessions) >= limits.sessions or len(self.subscriptions) >= limits.subscriptions:
            await end_oldest_abandoned(sessions)
        elif len(neighbours) >= limits.sessions_per_address:
            await end_oldest_abandoned(neighbours)

    async def get_endpoints(
        self, params: ua.GetEndpointsParameters | None = None, sockname: tuple[str, int] | None = None
    ) -> list[ua.EndpointDescription]:
        """Endpoints as a client asks for them."""
        return with_profiles(
            await super().get_endpoints(params, sockname), None if params is None else params.ProfileUris
        )

    def find_servers(
        self, params: ua.FindServersParameters, sockname: tuple[str, int] | None = None
    ) -> list[ua.ApplicationDescription]:
        """This server, if a client asks for it."""
        wanted, params.ServerUris = params.ServerUris, []
        return with_uris(super().find_servers(params, sockname), wanted)

    def register_server(self, server: object, conf: object = None) -> None:  # noqa: ARG002  fixed by the base class
        """Refuse: this is no discovery server, and asyncua would let anybody fill its list without a session.

        Raises:
            ServiceError: Always.
        """
        raise ServiceError(StatusCodes.BadServiceUnsupported)

    async def publish_now(self) -> None:
        """Send what is waiting in the subscriptions; a client that has not asked for it yet gets a moment to do so."""
        self.subscriptions.publish_now()
        with anyio.move_on_after(_MOMENT_S):
            while any(subscription.is_late for subscription in self.subscriptions):  # noqa: ASYNC110  the client's turn
                await anyio.sleep(_MOMENT_S / 10)

    async def close_sessions(self) -> None:
        """Close every client's session with its subscriptions; asyncua keeps them alive beyond their connection."""
        for session in list(self._external_sessions.values()):
            await session.close_session(delete_subs=True)
