"""ActivateSession (OPC 10000-4 section 5.7.3): who uses a session, over which channel, and when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import anyio
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_session import SessionState
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.security.audit import PROTOCOL, AuditTrail
from gateway.adapters.opcua.security.audit_records import session_activated, session_ended
from gateway.adapters.opcua.security.logins import Challenge, Login, LoginFailedError, Logins
from gateway.adapters.opcua.services.session_channel import SessionChannel
from gateway.adapters.opcua.services.sessions import ClientSession, end_oldest_abandoned
from gateway.model.actions import ActionOrigin
from gateway.ports import UserDirectory


class Activation:
    """Activates sessions, and ends them once their user may no longer log in.

    Args:
        logins: Who is let in.
        audit: Where that is listed.
        limits: How many sessions one user may have.
        sessions: All sessions of clients.
    """

    def __init__(
        self, logins: Logins, audit: AuditTrail, limits: Limits, sessions: Callable[[], Iterable[ClientSession]]
    ) -> None:
        self._logins = logins
        self._audit = audit
        self._limits = limits
        self._sessions = sessions

    async def activate(
        self,
        session: ClientSession,
        channel: SessionChannel,
        params: ua.ActivateSessionParameters,
        entry_id: str = "",
    ) -> ua.ActivateSessionResult:
        """Activate a session for the first time, on another channel, or for another user.

        Args:
            session: As its token names it.
            channel: On which the request came.
            params: Of the request.
            entry_id: AuditEntryId of the request.

        Raises:
            ServiceError: The client is not who it says, its user may not come in, or it may not have the session.
        """
        try:
            login = await self._prove(session, channel, params)
            result = session.activate_session(params, channel.security.client_certificate)
        except ServiceError as error:
            user, reason = (error.user, error.reason) if isinstance(error, LoginFailedError) else ("", "")
            self._audit.record(
                session_activated(session, channel.host, user, entry_id, status=error.code, reason=reason)
            )
            raise
        session.facts.belongs_to(login.identity.user or "", params.LocaleIds)
        before, session.identity, session.user_login = session.identity, login.identity, login.user
        name = login.identity.user
        session.origin = None if name is None else ActionOrigin(PROTOCOL, channel.host, name, proved=True)
        channel.adopt(session)
        is_news = before is None or not before.is_same_user(login.identity)
        if is_news and before is not None and before.user is not None:
            self._audit.record(session_ended(session, before.user, "another user took the session over"))
        self._audit.record(session_activated(session, channel.host, name or "", entry_id, is_news=is_news))
        return result

    async def _prove(
        self, session: ClientSession, channel: SessionChannel, params: ua.ActivateSessionParameters
    ) -> Login:
        moves = session.channel is not channel
        if session.security != channel.security or (moves and not session.is_activated()):
            raise ServiceError(StatusCodes.BadSecureChannelIdInvalid)
        if session.is_activating:
            raise ServiceError(StatusCodes.BadInvalidState)
        nonce = session.nonce or b""
        channel.verify_client(nonce, params.ClientSignature)
        challenge = Challenge(nonce, channel.server_certificate, channel.security, channel.host)
        session.is_activating = True
        try:
            login = await self._logins.prove(params.UserIdentityToken, params.UserTokenSignature, challenge)
        finally:
            session.is_activating = False
        if session.state is SessionState.Closed or channel.is_gone:
            raise ServiceError(StatusCodes.BadSessionClosed)
        if moves and (session.identity is None or not session.identity.is_same_user(login.identity)):
            raise ServiceError(StatusCodes.BadIdentityChangeNotSupported)
        await self._require_room(session, login)
        params.UserIdentityToken = ua.AnonymousIdentityToken()  # the base class knows nobody by name
        return login

    async def _require_room(self, session: ClientSession, login: Login) -> None:
        """Where the user has no room for another session, the oldest one without a connection ends."""
        user = login.identity.user
        if user is None:
            return
        others = [one for one in self._sessions() if one is not session and one.identity and one.identity.user == user]
        if len(others) >= self._limits.sessions_per_user and not await end_oldest_abandoned(others):
            raise LoginFailedError(
                StatusCodes.BadTooManySessions, user, f"{len(others)} sessions of this user are open"
            )

    async def follow_users(self) -> None:
        """End the sessions of users who have been removed or changed, as soon as they are, until cancelled."""
        users = self._logins.users
        if users is None:
            return
        news = anyio.Event()
        unhear = users.on_change(lambda: news.set())
        try:
            while True:
                await news.wait()
                news = anyio.Event()
                await self._end_outdated(users)
        finally:
            unhear()

    async def _end_outdated(self, users: UserDirectory) -> None:
        for session in list(self._sessions()):
            login = session.user_login
            if login is None or users.is_current(login):
                continue
            session.end_reason = "the user has changed in the users file"
            channel = session.channel
            await session.close_session(delete_subs=True)
            if channel is not None:
                channel.end(StatusCodes.BadUserAccessDenied)
