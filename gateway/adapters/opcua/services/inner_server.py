"""The inner server: address space, sessions and subscriptions behind the network.

It is closed for everything but reading until `open_actions` opens it for operators.
"""

from __future__ import annotations

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
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.security.application_identity import ApplicationIdentity
from gateway.adapters.opcua.security.operators import Operators
from gateway.adapters.opcua.security.user_manager import AnonymousReaders
from gateway.adapters.opcua.services.dispatch import Services
from gateway.adapters.opcua.services.method_table import MethodTable
from gateway.adapters.opcua.services.sessions import ClientSession

MAX_CONNECTIONS = 100
MAX_SESSIONS = 100
MAX_SUBSCRIPTIONS = 200
MAX_UNACKNOWLEDGED_MESSAGES = 100
MAX_QUEUE_SIZE = 100
"""Entries per monitored item; memory of a client that stops reading is bounded by this."""

_MOMENT_S = 0.2


class InnerServer(InternalServer):
    """asyncua's inner server with our sessions, subscriptions, users and limits.

    Attributes:
        operators: Who may log in by user name; None for nobody.
        methods: What clients may call.
        limits: How much clients may ask for.
        services: What clients can ask for beside sessions, subscriptions and calls.
        calls: Owner of the calls in progress; None while the server takes none.
    """

    def __init__(self) -> None:
        super().__init__(user_manager=AnonymousReaders())
        self.operators: Operators | None = None
        self.methods = MethodTable(self.aspace)
        self.limits = Limits()
        self.services = Services(self.aspace, self.methods, self.limits)
        self.calls: TaskGroup | None = None
        self._subscriptions = Subscriptions(self.aspace, iserver=self)
        self.subscription_service = self._subscriptions
        self.allow_remote_admin = False
        self.supported_tokens = (ua.AnonymousIdentityToken,)  # type: ignore[assignment]  # inferred from the default
        self.disabled_clock = True  # `ServerStatus` keeps the time, in a task with an owner
        self.max_connections = MAX_CONNECTIONS
        self.max_subscriptions = MAX_SUBSCRIPTIONS
        self.max_unacked_messages_per_subscription = MAX_UNACKNOWLEDGED_MESSAGES
        self.max_monitored_item_queue_size = MAX_QUEUE_SIZE

    def open_actions(self, identity: ApplicationIdentity, operators: Operators) -> None:
        """Let operators log in. After `init`, before the server listens."""
        self.certificate, self.private_key = identity.certificate, identity.private_key
        self.operators = operators

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
        if len(self._external_sessions) >= MAX_SESSIONS:
            raise ServiceError(StatusCodes.BadTooManySessions)
        return ClientSession(self, self._subscriptions, name, self.limits.continuation_points)

    async def make_room(self) -> None:
        """Before a session or a subscription: where there is no room, the oldest session without a connection ends.

        Sessions with subscriptions outlive their connection by up to 10 minutes, so that a client which comes and goes
        would lock out everybody.
        """
        sessions, subscriptions = len(self._external_sessions), len(self._subscriptions.subscriptions)
        if sessions < MAX_SESSIONS and subscriptions < MAX_SUBSCRIPTIONS:
            return
        for session in self._external_sessions.values():
            if isinstance(session, ClientSession) and session.channel is None:
                await session.close_session(delete_subs=True)
                return

    def register_server(self, server: object, conf: object = None) -> None:  # noqa: ARG002  fixed by the base class
        """Refuse: this is no discovery server, and asyncua would let anybody fill its list without a session.

        Raises:
            ServiceError: Always.
        """
        raise ServiceError(StatusCodes.BadServiceUnsupported)

    async def publish_now(self) -> None:
        """Send what is waiting in the subscriptions; a client that has not asked for it yet gets a moment to do so."""
        with anyio.move_on_after(_MOMENT_S):
            while waiting := self._subscriptions.waiting():
                for subscription in waiting:
                    await subscription.publish_results()
                await anyio.sleep(_MOMENT_S / 10)

    async def close_sessions(self) -> None:
        """Close every client's session with its subscriptions; asyncua keeps them alive beyond their connection."""
        for session in list(self._external_sessions.values()):
            await session.close_session(delete_subs=True)
