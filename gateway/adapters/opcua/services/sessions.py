"""Sessions of clients: they read, they cannot be guessed, and they keep their hands off each other.

asyncua 2.1.0 counts authentication tokens upwards and lets any session delete or change the subscriptions of another.
Who may use a session is for the `SecureChannel` to judge; who may call a method is for the `MethodTable`.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from asyncua import ua
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession, SessionState
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.notifications.publish_requests import PublishRequests
from gateway.adapters.opcua.notifications.subscriptions import SubscribingSession, Subscriptions
from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.adapters.opcua.security.identity import ClientIdentity
from gateway.adapters.opcua.services.continuation_points import ContinuationPoints
from gateway.adapters.opcua.services.session_channel import SessionChannel
from gateway.adapters.opcua.services.session_facts import SessionFacts
from gateway.model.actions import ActionOrigin
from gateway.model.user import KnownUser

TOKEN_BYTES = 32
_LONGEST_URI = 1000


def _unheard(_session: ClientSession) -> None:
    """Nobody wants to know that a session has ended."""


class ClientSession(InternalSession):
    """Session of one network client.

    Args:
        server: The inner server.
        subscriptions: Of all sessions.
        name: Of the peer.
        continuation_points: Unfinished browses at once.

    Attributes:
        channel: The connection that may use the session; None before it is told, and after that connection has gone.
        security: Of the channel in which the session was created.
        identity: Who uses the session; None until it is activated.
        origin: The same user for the desk of actions; None for an anonymous reader.
        browses: Unfinished ones.
        facts: What its diagnostics tell.
        publish_requests: Those that wait for something to publish.
        application_uri: What the client says it is.
        host: Address of the peer that made the session.
        user_login: The user as the user directory knows it; None for an anonymous reader.
        is_activating: Whether a proof of its user is being looked at.
        ended: Called once when the session ends.
        end_reason: Why it ends, if not by itself.
    """

    def __init__(
        self, server: InternalServer, subscriptions: Subscriptions, name: str, continuation_points: int
    ) -> None:
        super().__init__(server, server.aspace, server.subscription_service, name, external=True)
        self.publish_requests = PublishRequests()
        self.application_uri = ""
        self.host = name[0]  # asyncua gives the peer's address and port
        self.channel: SessionChannel | None = None
        self.security: ChannelSecurity | None = None
        self.identity: ClientIdentity | None = None
        self.origin: ActionOrigin | None = None
        self.user_login: KnownUser | None = None
        self.is_activating = False
        self.ended: Callable[[ClientSession], None] = _unheard
        self.end_reason = ""
        self.browses = ContinuationPoints(continuation_points)
        self.facts = SessionFacts()
        self._subscriptions = subscriptions
        server.unregister_external_session(self)
        self.auth_token = ua.NodeId(ua.ByteString(secrets.token_bytes(TOKEN_BYTES)))
        server.register_external_session(self)

    async def create_session(
        self, params: ua.CreateSessionParameters, sockname: tuple[str, int] | None = None
    ) -> ua.CreateSessionResult:
        """Answer CreateSession. The idle limit counts from here, so that sessions never activated go away too."""
        result = await super().create_session(params, sockname)
        self.facts.created(params)
        if params.ClientDescription is not None:
            self.application_uri = (params.ClientDescription.ApplicationUri or "")[:_LONGEST_URI]
        self._start_timeout_watchdog()
        return result

    @property
    def longest_response(self) -> int:
        """Bytes of the longest response that the client takes; any number while there is no channel to send it on."""
        return sys.maxsize if self.channel is None else self.channel.longest_response

    def touch(self) -> None:
        """A request has come."""
        super().touch()
        self.facts.last_contact = datetime.now(UTC)

    def may_take_over_from(self, other: SubscribingSession) -> bool:
        """Whether a subscription of the other session may become one of this one (OPC 10000-4 section 5.14.7).

        It is the same user with an application of the same certificate, or, where there are no certificates, one that
        says it is the same application.
        """
        if other is self:
            return True
        if not isinstance(other, ClientSession) or self.identity is None or other.identity is None:
            return False
        certificates = [one.security.client_certificate for one in (self, other) if one.security is not None]
        same_application = certificates[0] == certificates[-1] and self.application_uri == other.application_uri
        return same_application and self.identity.is_same_user(other.identity)

    async def close_session(self, delete_subs: bool = True) -> None:  # noqa: FBT001, FBT002  fixed by the base class
        """End the session, with its subscriptions unless they are to be transferred."""
        was_open = self.state is not SessionState.Closed
        await super().close_session(delete_subs=False)
        if was_open:
            self.ended(self)
        if delete_subs:
            self._subscriptions.delete_of(self)
        self.publish_requests.refuse_all(StatusCodes.BadSessionClosed)


async def end_oldest_abandoned(sessions: Iterable[ClientSession]) -> bool:
    """End the first of these sessions whose connection is gone and has no successor; returns whether there was one."""
    for session in sessions:
        if session.channel is None and not session.is_activating:
            session.end_reason = "its connection was gone, and a newer session needed its place"
            await session.close_session(delete_subs=True)
            return True
    return False
