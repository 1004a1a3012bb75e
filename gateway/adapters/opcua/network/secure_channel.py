"""One connection of a client: its secure channel, the sessions on it, and the calls it waits for.

asyncua 2.1.0 answers requests before a channel is open, does not look at the authentication token of a request, hands a
session to whoever knows its token, and answers nothing else on a connection while a method runs.
"""

# mypy: allow-untyped-calls
# The base class is not typed.

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import cast

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary, uatcp_to_binary
from asyncua.ua.uaerrors import UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from gateway.adapters.opcua.engine.wire_types import standard_node, status_code
from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.adapters.opcua.security.identity import ANONYMOUS, ClientIdentity, Role
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.pending_calls import PendingCalls
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.model.actions import ActionOrigin

CLIENT_KEY_BITS = range(2048, 4096 + 1)
"""What Basic256Sha256 allows (OPC 10000-7)."""


_NEEDS_CHANNEL: tuple[object, ...] = (ua.MessageType.SecureMessage, ua.MessageType.SecureClose)


def _request(name: str) -> ua.NodeId:
    return standard_node(getattr(ObjectIds, f"{name}Request_Encoding_DefaultBinary"))


_CREATE_SESSION, _ACTIVATE_SESSION, _CALL = map(_request, ("CreateSession", "ActivateSession", "Call"))
_NEEDS_ROOM = frozenset({_CREATE_SESSION, _request("CreateSubscription")})
_WITHOUT_SESSION = frozenset(
    map(
        _request,
        ("CreateSession", "FindServers", "GetEndpoints", "RegisterServer", "RegisterServer2", "CloseSecureChannel"),
    )
)


class SecureChannel(UaProcessor):
    """Lets nobody use a session but the channel it belongs to.

    Args:
        server: The inner server.
        transport: Of the connection.
        limits: Of one message.
    """

    def __init__(self, server: InnerServer, transport: asyncio.Transport, limits: TransportLimits) -> None:
        super().__init__(server, transport, limits)
        self._server = server
        self._peer_address: str = self.name[0]
        self._calls = PendingCalls(server)

    @property
    def security(self) -> ChannelSecurity:
        """What the channel guarantees."""
        return ChannelSecurity.of(self._connection.security_policy)

    async def process(self, header: ua.Header, body: Buffer) -> bool:
        """Take one chunk; returns whether the connection goes on. Whatever is not secure or not legible ends it."""
        if header.MessageType in _NEEDS_CHANNEL and not self._connection.is_open():
            return self._hang_up(StatusCodes.BadTcpSecureChannelUnknown)
        try:
            return bool(await super().process(header, body))
        except (ServiceError, UaStatusCodeError) as error:
            return self._hang_up(error.code)
        except Exception:  # noqa: BLE001  what a client sends may break the decoder anywhere
            return self._hang_up(StatusCodes.BadSecurityChecksFailed)

    def _hang_up(self, status: int) -> bool:
        message = ua.ErrorMessage(status_code(status), ua.String(""))
        self._transport.write(uatcp_to_binary(cast("ua.MessageType", ua.MessageType.Error), message))
        return False

    def open_secure_channel(
        self, algohdr: ua.AsymmetricAlgorithmHeader, seqhdr: ua.SequenceHeader, body: Buffer
    ) -> None:
        """As the base class, for a client whose key is as long as the policy demands.

        Raises:
            ServiceError: It is not.
        """
        encryptor = getattr(self._connection.security_policy.asymmetric_cryptography, "Encryptor", None)
        if encryptor is not None and encryptor.key_size * 8 not in CLIENT_KEY_BITS:
            raise ServiceError(StatusCodes.BadSecurityChecksFailed)
        super().open_secure_channel(algohdr, seqhdr, body)

    async def _process_message(
        self, typeid: ua.NodeId, requesthdr: ua.RequestHeader, seqhdr: ua.SequenceHeader, body: Buffer
    ) -> bool:
        if typeid in _NEEDS_ROOM:
            await self._server.make_room()
        if typeid == _CREATE_SESSION:
            if self._session_watchdog_task is not None:
                self._session_watchdog_task.cancel()  # or the base class would forget it
            await super()._process_message(typeid, requesthdr, seqhdr, body)
            if isinstance(self.session, ClientSession):
                self.session.channel, self.session.security = self, self.security
            return True
        if typeid == _ACTIVATE_SESSION:
            self._activate(requesthdr, seqhdr, body)
            return True
        if typeid not in _WITHOUT_SESSION:
            session = self._own_session(requesthdr)
            self.session = session
            if typeid == _CALL and session.is_activated():
                self._calls.start(session, requesthdr, body, partial(self._answer, requesthdr, seqhdr))
                return True
        return bool(await super()._process_message(typeid, requesthdr, seqhdr, body))

    def _known_session(self, token: ua.NodeId) -> ClientSession:
        session = self._server.lookup_external_session(token)
        if not isinstance(session, ClientSession):
            raise ServiceError(StatusCodes.BadSessionIdInvalid)
        return session

    def _own_session(self, requesthdr: ua.RequestHeader) -> ClientSession:
        session = self._known_session(requesthdr.AuthenticationToken)
        if session.channel is not self:
            raise ServiceError(StatusCodes.BadSecureChannelIdInvalid)
        self.session_last_activity = time.monotonic()
        session.touch()
        return session

    def _activate(self, requesthdr: ua.RequestHeader, seqhdr: ua.SequenceHeader, body: Buffer) -> None:
        """ActivateSession (OPC 10000-4 section 5.7.3), on the channel of the session or later on an equal one."""
        session = self._known_session(requesthdr.AuthenticationToken)
        security = self.security
        if session.security != security:
            raise ServiceError(StatusCodes.BadSecureChannelIdInvalid)
        params = struct_from_binary(ua.ActivateSessionParameters, body)
        challenge = session.nonce or b""
        self._verify_client(challenge, params.ClientSignature)
        origin: ActionOrigin | None = None
        if self._server.operators is not None and isinstance(params.UserIdentityToken, ua.UserNameIdentityToken):
            origin = self._server.operators.prove(params.UserIdentityToken, challenge, security, self._peer_address)
            params.UserIdentityToken = ua.AnonymousIdentityToken()  # the base class knows nobody by name
        result = session.activate_session(params, security.client_certificate)
        session.origin = origin
        session.identity = ANONYMOUS if origin is None else ClientIdentity(origin.user, Role.OPERATOR)
        self._adopt(session)
        self._answer(requesthdr, seqhdr, ua.ActivateSessionResponse(Parameters=result))

    def _answer(self, requesthdr: ua.RequestHeader, seqhdr: ua.SequenceHeader, response: object) -> None:
        if self._transport.is_closing():
            return
        try:
            self.send_response(requesthdr.RequestHandle, seqhdr, response)
        except Exception:  # noqa: BLE001  it must not end the calls of others, which have one owner
            self._transport.abort()

    def _verify_client(self, challenge: bytes, signature: ua.SignatureData) -> None:
        policy = self._connection.security_policy
        signed = (policy.host_certificate or b"") + challenge
        try:
            policy.asymmetric_cryptography.verify(signed, signature.Signature)
        except (InvalidSignature, TypeError) as error:
            raise ServiceError(StatusCodes.BadApplicationSignatureInvalid) from error

    def _adopt(self, session: ClientSession) -> None:
        self.session = session
        self.session_last_activity = time.monotonic()
        if session.channel is self:
            return
        session.channel = self
        for subscription in self._server.subscription_service.subscriptions.values():
            if subscription.session_id == session.session_id:
                subscription.pub_result_callback = self.forward_publish_response
                subscription.pub_request_callback = self.get_publish_request  # type: ignore[assignment]
        if self._session_watchdog_task is None or self._session_watchdog_task.done():
            self._session_watchdog_task = asyncio.create_task(self._session_watchdog_loop())

    async def close(self) -> None:
        """Forget a connection that is gone: nobody waits for its calls, and a session that has moved on stays."""
        self._calls.cancel()
        if isinstance(self.session, ClientSession):
            if self.session.channel is self:
                self.session.channel = None
            else:
                self.session = None
        await super().close()
