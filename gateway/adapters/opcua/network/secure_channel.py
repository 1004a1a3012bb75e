"""One connection of a client: its secure channel, the sessions on it, and the calls it waits for.

asyncua 2.1.0 answers requests before a channel is open, does not look at the authentication token of a request, hands a
session to whoever knows its token, and answers nothing else on a connection while a method runs.
"""

# mypy: allow-untyped-calls
# The base class is not typed.

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from functools import partial
from typing import Any, cast

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary, uatcp_to_binary
from asyncua.ua.uaerrors import UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from gateway.adapters.opcua.engine.service_messages import service_fault
from gateway.adapters.opcua.engine.wire_types import standard_node, status_code
from gateway.adapters.opcua.network.channel_protocol import ChannelProtocol, leaf
from gateway.adapters.opcua.network.policies import ChannelOffer
from gateway.adapters.opcua.security.audit_records import certificate_refused, channel_opened, session_created
from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.pending_calls import PendingCalls
from gateway.adapters.opcua.services.publish import PUBLISH_TYPE, PublishCall, acknowledgements, read_publish
from gateway.adapters.opcua.services.sessions import ClientSession

LEAST_NONCE_BYTES = 32
"""Length of the ClientNonce of a session on a secure channel (OPC 10000-4 section 5.7.2)."""

_LOG = logging.getLogger("gateway.adapters.opcua")

_OPENS: tuple[object, ...] = (ua.MessageType.SecureOpen,)
_NEEDS_CHANNEL: tuple[object, ...] = (ua.MessageType.SecureMessage, ua.MessageType.SecureClose)


def _request(name: str) -> ua.NodeId:
    return standard_node(getattr(ObjectIds, f"{name}Request_Encoding_DefaultBinary"))


_CREATE_SESSION, _ACTIVATE_SESSION, _CALL, _PUBLISH = map(
    _request, ("CreateSession", "ActivateSession", "Call", "Publish")
)
_NEEDS_ROOM = frozenset({_CREATE_SESSION, _request("CreateSubscription")})
_WITHOUT_SESSION = frozenset(
    map(
        _request,
        ("CreateSession", "FindServers", "GetEndpoints", "RegisterServer", "RegisterServer2", "CloseSecureChannel"),
    )
)
_DISCOVERY = _WITHOUT_SESSION - {_CREATE_SESSION}
_WITH_SESSION = frozenset({_CALL, _PUBLISH, _request("CloseSession")})
"""Beside those of `Services`."""


UNTAKEN_BYTES = 4 * 1024 * 1024
"""Notifications that a client has not taken, beyond which it gets no more of them."""

MOST_SHORT_BYTES = 4096
"""A Publish request is hardly ever longer; whatever else is, need not be copied to be looked at."""


class SecureChannel(UaProcessor):
    """Lets nobody use a session but the channel it belongs to.

    Args:
        server: The inner server.
        transport: Of the connection.
        limits: Of one message.
        offer: What channels may be opened with, and by whom.
    """

    def __init__(
        self, server: InnerServer, transport: asyncio.Transport, limits: TransportLimits, offer: ChannelOffer
    ) -> None:
        super().__init__(server, transport, limits)
        self._server = server
        self.host: str = self.name[0]
        self._offer = offer
        self._connection: ChannelProtocol = ChannelProtocol(self._limits, offer.policies, self._admit)
        self._calls = PendingCalls(server)
        self._longest_of_sessions = 0

    @property
    def security(self) -> ChannelSecurity:
        """What the channel guarantees."""
        return ChannelSecurity.of(self._connection.security_policy)

    @property
    def server_certificate(self) -> bytes:
        """See `SessionChannel.server_certificate`."""
        return self._connection.security_policy.host_certificate or b""

    @property
    def is_gone(self) -> bool:
        """See `SessionChannel.is_gone`."""
        return bool(self._transport.is_closing())

    @property
    def longest_response(self) -> int:
        """See `SessionChannel.longest_response`."""
        longest = self._connection.longest_response
        return min(longest, self._longest_of_sessions) if self._longest_of_sessions else longest

    @property
    def is_congested(self) -> bool:
        """See `Channel`."""
        return bool(self._transport.get_write_buffer_size() > UNTAKEN_BYTES)

    def _heed(self, session: ClientSession) -> None:
        """Keep to what a session on this channel takes: the least of all, since hardly any channel has two."""
        longest = session.facts.longest_response
        if longest:
            self._longest_of_sessions = min(longest, self._longest_of_sessions or longest)

    def end(self, status: int) -> None:
        """See `SessionChannel.end`."""
        if not self.is_gone:
            self._hang_up(status)
            self._transport.close()

    async def process(self, header: ua.Header, body: Buffer) -> bool:
        """Take one chunk; returns whether the connection goes on. Whatever is not secure or not legible ends it."""
        if header.MessageType in _NEEDS_CHANNEL and not self._connection.is_open():
            return self._hang_up(StatusCodes.BadTcpSecureChannelUnknown)
        opening, renewed = header.MessageType in _OPENS, self._connection.is_open()
        try:
            goes_on = bool(await super().process(header, body))
        except (ServiceError, UaStatusCodeError) as error:
            if opening:
                self._note_opening(renewed=renewed, status=error.code, listed=isinstance(error.__cause__, ServiceError))
            return self._hang_up(error.code)
        except Exception:  # noqa: BLE001  what a client sends may break the decoder anywhere
            if opening:
                self._note_opening(renewed=renewed, status=StatusCodes.BadSecurityChecksFailed)
            return self._hang_up(StatusCodes.BadSecurityChecksFailed)
        if opening:
            self._note_opening(renewed=renewed)
        return goes_on

    def _note_opening(self, *, renewed: bool, status: int = StatusCodes.Good, listed: bool = False) -> None:
        """Tell the audit trail; the reason is `listed` already where it is the certificate."""
        channel_id = self._connection.security_token.ChannelId
        event = channel_opened(self.security, self.host, channel_id=channel_id, status=status, renewed=renewed)
        self._server.audit.record(replace(event, access=None) if listed else event)

    def _hang_up(self, status: int) -> bool:
        message = ua.ErrorMessage(status_code(status), ua.String(""))
        self._transport.write(uatcp_to_binary(cast("ua.MessageType", ua.MessageType.Error), message))
        return False

    def _admit(self, certificate: bytes, application_uri: str | None = None) -> None:
        if self._offer.pki is None:
            raise ServiceError(StatusCodes.BadCertificateUntrusted)
        try:
            self._offer.pki.judge(certificate, application_uri, peer=self.host)
        except ServiceError as error:
            self._server.audit.record(certificate_refused(certificate, self.host, error.code, application_uri or ""))
            raise

    def require_trust(self) -> None:
        """End the connection unless its client is still trusted."""
        if not self._connection.admitted or self.is_gone:
            return
        try:
            self._admit(self._connection.admitted)
        except ServiceError:
            self.end(StatusCodes.BadSecurityChecksFailed)

    def _require_same_application(self, params: ua.CreateSessionParameters) -> None:
        """A session belongs to the application that has opened the channel (OPC 10000-4 section 5.7.2).

        Raises:
            ServiceError: Certificate, ApplicationUri or nonce are not what they must be.
        """
        security = self.security
        if security.mode == ua.MessageSecurityMode.None_:
            return
        certificate = params.ClientCertificate or b""
        if leaf(certificate) != security.client_certificate:
            raise ServiceError(StatusCodes.BadCertificateInvalid)
        if len(params.ClientNonce or b"") < LEAST_NONCE_BYTES:
            raise ServiceError(StatusCodes.BadNonceInvalid)
        self._admit(certificate, params.ClientDescription.ApplicationUri or "")

    async def process_message(self, seqhdr: ua.SequenceHeader, body: Buffer) -> bool:
        """As the base class, with a short way for Publish."""
        data = bytes(body) if len(body) < MOST_SHORT_BYTES else b""
        if not data.startswith(PUBLISH_TYPE):
            return bool(await super().process_message(seqhdr, body))
        call, session = read_publish(data), self.session
        if call is None or not isinstance(session, ClientSession) or call.token != session.auth_token.Identifier:
            return bool(await super().process_message(seqhdr, body))
        if session.channel is not self or not session.is_activated():
            return bool(await super().process_message(seqhdr, body))
        self.session_last_activity = time.monotonic()
        session.touch()
        try:
            self._publish(session, call, seqhdr.RequestId)
        except ServiceError as error:
            self.send_fault(call.request_handle, seqhdr.RequestId, error.code)
        return True

    def _publish(self, session: ClientSession, call: PublishCall, request_id: int) -> None:
        session.facts.count("Publish")
        self._server.subscriptions.publish(
            session, self, request_id, call.request_handle, call.timeout_hint, call.acknowledgements
        )

    async def _process_message(
        self, typeid: ua.NodeId, requesthdr: ua.RequestHeader, seqhdr: ua.SequenceHeader, body: Buffer
    ) -> bool:
        if typeid not in _DISCOVERY and not self._connection.for_sessions:
            raise ServiceError(StatusCodes.BadSecurityPolicyRejected)
        if typeid in _NEEDS_ROOM:
            await self._server.make_room(self.host)
        if typeid == _CREATE_SESSION:
            await self._create_session(requesthdr, seqhdr, body)
            return True
        if typeid == _ACTIVATE_SESSION:
            self._start_activation(requesthdr, seqhdr, body)
            return True
        if typeid not in _WITHOUT_SESSION:
            if typeid not in self._server.services and typeid not in _WITH_SESSION:
                raise ServiceError(StatusCodes.BadServiceUnsupported)
            session = self._own_session(requesthdr)
            self.session = session
            if typeid == _PUBLISH and session.is_activated():
                acknowledged = acknowledgements(body.read(len(body)))
                call = PublishCall(b"", requesthdr.RequestHandle, requesthdr.TimeoutHint, acknowledged)
                self._publish(session, call, seqhdr.RequestId)
                return True
            if typeid == _CALL:
                session.facts.count("Call")
                self._calls.start(session, requesthdr, body, partial(self._answer, requesthdr, seqhdr))
                return True
            if typeid in self._server.services:
                response = await self._server.services.answer(typeid, session, requesthdr, body)
                self.send_encoded(response, seqhdr.RequestId)
                return True
        return bool(await super()._process_message(typeid, requesthdr, seqhdr, body))

    async def _create_session(self, requesthdr: ua.RequestHeader, seqhdr: ua.SequenceHeader, body: Buffer) -> None:
        channel_id, entry_id = self._connection.security_token.ChannelId, requesthdr.AuditEntryId or ""
        record = partial(session_created, security=self.security, host=self.host, channel_id=channel_id)
        try:
            self._require_same_application(struct_from_binary(ua.CreateSessionParameters, body.copy()))
            if self._session_watchdog_task is not None:
                self._session_watchdog_task.cancel()  # or the base class would forget it
            await super()._process_message(_CREATE_SESSION, requesthdr, seqhdr, body)
        except (ServiceError, UaStatusCodeError) as error:
            self._server.audit.record(record(None, entry_id=entry_id, status=error.code))
            raise
        session = self.session
        if isinstance(session, ClientSession):
            session.channel, session.security = self, self.security
            self._heed(session)
            timeout_ms = 1000 * (session.session_timeout or 0.0)
            self._server.audit.record(record(session, entry_id=entry_id, timeout_ms=timeout_ms))

    def send_response(
        self,
        requesthandle: int,
        seqhdr: ua.SequenceHeader,
        response: Any,  # noqa: ANN401  whatever has a ResponseHeader
        msgtype: Any = ua.MessageType.SecureMessage,  # noqa: ANN401  declared as bytes
    ) -> None:
        """As the base class; refusals are counted, and what is longer than the client takes is refused."""
        if isinstance(response, ua.ServiceFault):
            self._server.requests.reject(response.ResponseHeader.ServiceResult.value)
        elif msgtype == ua.MessageType.SecureMessage:
            response.ResponseHeader.RequestHandle = requesthandle
            self._send_if_taken(struct_to_binary(response), requesthandle, seqhdr.RequestId)
            return
        super().send_response(requesthandle, seqhdr, response, msgtype)

    def _send_if_taken(self, body: bytes, request_handle: int, request_id: int) -> None:
        if len(body) > self.longest_response:
            self.send_fault(request_handle, request_id, StatusCodes.BadResponseTooLarge)
        else:
            self.send_encoded(body, request_id)

    def send_encoded(self, body: bytes, request_id: int) -> None:
        """See `Channel`."""
        if not self._transport.is_closing():
            self._transport.write(self._connection.message_to_binary(body, request_id=request_id))

    def send_fault(self, request_handle: int, request_id: int, status: int) -> None:
        """See `Channel`."""
        self._server.requests.reject(status)
        self.send_encoded(service_fault(request_handle, status), request_id)

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

    def _start_activation(self, requesthdr: ua.RequestHeader, seqhdr: ua.SequenceHeader, body: Buffer) -> None:
        """ActivateSession, beside the connection: a password takes its time, and publishing goes on meanwhile."""
        session = self._known_session(requesthdr.AuthenticationToken)
        params = struct_from_binary(ua.ActivateSessionParameters, body)
        if self._server.calls is None:
            raise ServiceError(StatusCodes.BadServerHalted)
        self._server.calls.start_soon(self._activate, session, params, requesthdr, seqhdr)

    async def _activate(
        self,
        session: ClientSession,
        params: ua.ActivateSessionParameters,
        requesthdr: ua.RequestHeader,
        seqhdr: ua.SequenceHeader,
    ) -> None:
        response: ua.ActivateSessionResponse | ua.ServiceFault = ua.ServiceFault()
        try:
            result = await self._server.activation.activate(session, self, params, requesthdr.AuditEntryId or "")
            response = ua.ActivateSessionResponse(Parameters=result)
        except (ServiceError, UaStatusCodeError) as error:
            response.ResponseHeader.ServiceResult = status_code(error.code)
        except Exception:  # noqa: BLE001  it must not end the calls of others, which have one owner
            _LOG.exception("%s: the session cannot be activated", self.host)
            response.ResponseHeader.ServiceResult = status_code(StatusCodes.BadInternalError)
        self._answer(requesthdr, seqhdr, response)

    def _answer(self, requesthdr: ua.RequestHeader, seqhdr: ua.SequenceHeader, response: object) -> None:
        if self._transport.is_closing():
            return
        try:
            self.send_response(requesthdr.RequestHandle, seqhdr, response)
        except Exception:  # noqa: BLE001  it must not end the calls of others, which have one owner
            self._transport.abort()

    def verify_client(self, challenge: bytes, signature: ua.SignatureData) -> None:
        """See `SessionChannel.verify_client`."""
        policy = self._connection.security_policy
        signed = self.server_certificate + challenge
        try:
            policy.asymmetric_cryptography.verify(signed, signature.Signature)
        except (InvalidSignature, TypeError) as error:
            raise ServiceError(StatusCodes.BadApplicationSignatureInvalid) from error

    def adopt(self, session: ClientSession) -> None:
        """See `SessionChannel.adopt`."""
        self.session = session
        self.session_last_activity = time.monotonic()
        if session.channel is self:
            return
        self._heed(session)
        if isinstance(session.channel, SecureChannel):
            session.publish_requests.drop_channel(session.channel)
        session.channel = self
        if self._session_watchdog_task is None or self._session_watchdog_task.done():
            self._session_watchdog_task = asyncio.create_task(self._session_watchdog_loop())

    async def close(self) -> None:
        """Forget a connection that is gone: nobody waits for its calls, and sessions that have moved on stay.

        A session without subscriptions ends with its connection; one with some waits for its client.
        """
        self._calls.cancel()
        abandoned = [session for session in self._server.client_sessions() if session.channel is self]
        for session in abandoned:
            session.channel = None
            session.publish_requests.drop_channel(self)
        self.session = None  # the base class knows of one alone
        await super().close()
        for session in abandoned:
            if session.channel is None and not (session.is_activated() and self._server.subscriptions.of(session)):
                await session.close_session(delete_subs=True)
