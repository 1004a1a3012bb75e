"""The server's side of one secure channel: who may open it, its tokens and their keys (OPC 10000-6 section 6.7).

asyncua 2.1.0 asks about a client's certificate in CreateSession at the earliest, opens a channel anew on a request to
renew it and the other way round, grants any lifetime and never looks whether it is over, takes nonces of any length and
does not compare the certificate and the policy of a renewal with those of the channel.
"""

# mypy: allow-untyped-calls
# The base class is not typed.

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from asyncua import ua
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.common.utils import Buffer, ServiceError, create_nonce
from asyncua.crypto.security_policies import SecurityPolicyNone
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary

from gateway.adapters.opcua.network.chunks import Sealing, opened, token_of
from gateway.adapters.opcua.network.hello import ResponseLimits, meet
from gateway.adapters.opcua.network.policies import OfferedPolicy
from gateway.adapters.opcua.security.certificate_judge import split_chain
from gateway.adapters.opcua.settings import PolicyName

LIFETIME_MS = range(10_000, 3_600_000 + 1)
"""Lifetimes of a token; what a client asks for is revised to the nearest. Clients renew after three quarters of it."""

_LAST_NUMBER = 2**32 - 1
_OVERTIME = 1.25
"""How much longer than its lifetime a token is taken (OPC 10000-4 section 5.6.2)."""

_OPEN: object = ua.MessageType.SecureOpen
_MESSAGE: object = ua.MessageType.SecureMessage

Admit = Callable[[bytes], None]
"""Raises ServiceError unless the client of this certificate is trusted."""


class ChannelProtocol(SecureConnection):
    """Chunks and keys of one channel.

    Args:
        limits: Of one message.
        offered: Policies and modes to choose from.
        admit: Who judges clients.
    """

    def __init__(self, limits: TransportLimits, offered: Sequence[OfferedPolicy], admit: Admit) -> None:
        super().__init__(SecurityPolicyNone(), limits)
        self._offered = offered
        self._admit = admit
        self._token_number = 0
        self._sealing: Sealing | None = None
        self._responses = ResponseLimits(limits.max_message_size)
        self._overdue = float("inf")
        self._next_overdue = float("inf")
        self.for_sessions = False
        """Whether the policy of the channel allows more than discovery."""
        self.admitted = b""
        """Certificates of the client as it sent them; empty without security."""

    def receive_from_header_and_body(self, header: ua.Header, body: Buffer) -> Any:  # noqa: ANN401  as the base class
        """As the base class; who may not open or renew the channel is refused before any key is used.

        Raises:
            ServiceError: It is refused.
        """
        if header.MessageType == _MESSAGE:
            self._require_token(token_of(body))
            return self._receive(opened(self.security_policy.symmetric_cryptography, header, body))
        if header.MessageType == _OPEN:
            security = struct_from_binary(ua.AsymmetricAlgorithmHeader, body.copy(header.body_size))
            self._require_me(security)
            if self.is_open():
                self._require_same_peer(header, security)
        message: object = super().receive_from_header_and_body(header, body)
        if isinstance(message, ua.Hello):
            message, self._responses = meet(message, self._limits)
        return message

    def message_to_binary(
        self,
        message: bytes,
        message_type: Any = ua.MessageType.SecureMessage,  # noqa: ANN401  declared as bytes
        request_id: int = 0,
    ) -> bytes:
        """As the base class."""
        if message_type != ua.MessageType.SecureMessage:
            return super().message_to_binary(message, message_type, request_id)
        chunks = list(self._present_sealing().chunks(message, request_id, self._next_number))
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    @property
    def longest_response(self) -> int:
        """Bytes of the longest response that the client takes on this channel, which is open."""
        return self._responses.longest(self._present_sealing().most)

    def _present_sealing(self) -> Sealing:
        if self._sealing is None:
            token, crypto = self.security_token, self.security_policy.symmetric_cryptography
            self._sealing = Sealing.of(crypto, token.ChannelId, token.TokenId, self._limits.max_send_buffer)
        return self._sealing

    def _next_number(self) -> int:
        self._sequence_number = 1 if self._sequence_number >= _LAST_NUMBER else self._sequence_number + 1
        return int(self._sequence_number)

    def _require_me(self, security: ua.AsymmetricAlgorithmHeader) -> None:
        """The client must have encrypted for the certificate that the server has now."""
        own = next((one.identity for one in self._offered if one.identity is not None), None)
        if security.SecurityPolicyURI == PolicyName.NONE.uri or own is None:
            return
        if security.ReceiverCertificateThumbPrint != bytes.fromhex(own.thumbprint):
            raise ServiceError(StatusCodes.BadSecurityChecksFailed)

    def _require_same_peer(self, header: ua.Header, security: ua.AsymmetricAlgorithmHeader) -> None:
        own_channel = header.ChannelId == self.security_token.ChannelId
        if not own_channel or security.SecurityPolicyURI != self.security_policy.URI:
            raise ServiceError(StatusCodes.BadSecurityChecksFailed)
        if self.security_policy.Mode != ua.MessageSecurityMode.None_:
            sender = security.SenderCertificate or b""
            if leaf(sender) != self.security_policy.peer_certificate:
                raise ServiceError(StatusCodes.BadSecurityChecksFailed)
            self._require_admitted(sender)

    def _require_admitted(self, certificate: bytes) -> None:
        """Part 4 section 6.1.3: a client that is not trusted gets no reason."""
        try:
            self._admit(certificate)
        except ServiceError as error:
            raise ServiceError(StatusCodes.BadSecurityChecksFailed) from error
        self.admitted = certificate

    def select_policy(
        self, uri: str, peer_certificate: bytes | None, mode: ua.MessageSecurityMode | None = None
    ) -> None:
        """Take the policy that a client wants to open the channel with.

        The base class calls it twice: without the mode, which is encrypted, and then with it.

        Raises:
            ServiceError: It is not offered, or the client is not trusted.
        """
        matching = [one for one in self._offered if one.matches(uri, mode)]
        if not matching:
            known = any(one.matches(uri, None) for one in self._offered)
            raise ServiceError(StatusCodes.BadSecurityModeRejected if known else StatusCodes.BadSecurityPolicyRejected)
        if mode is None and uri != PolicyName.NONE.uri:
            self._require_admitted(peer_certificate or b"")
        self.security_policy = matching[0].create(peer_certificate)
        self.for_sessions = matching[0].for_sessions

    def open(self, params: ua.OpenSecureChannelParameters, server: Any) -> ua.OpenSecureChannelResult:  # noqa: ANN401
        """Issue or renew the security token.

        Raises:
            ServiceError: The request does not fit the channel.
        """
        renewal = params.RequestType == ua.SecurityTokenRequestType.Renew
        if renewal != self.is_open():
            raise ServiceError(StatusCodes.BadRequestTypeInvalid)
        if params.SecurityMode != self.security_policy.Mode:
            raise ServiceError(StatusCodes.BadSecurityModeRejected)
        nonce = params.ClientNonce or b""
        length = self.security_policy.secure_channel_nonce_length
        if length and (len(nonce) != length or (renewal and nonce == self.remote_nonce)):
            raise ServiceError(StatusCodes.BadNonceInvalid)
        lifetime = min(max(params.RequestedLifetime, LIFETIME_MS.start), LIFETIME_MS[-1])
        self._token_number += 1
        self.local_nonce, self.remote_nonce = create_nonce(length), nonce
        channel = self.security_token.ChannelId if renewal else server.get_new_channel_id()
        token = ua.ChannelSecurityToken(
            ChannelId=channel,
            TokenId=ua.UInt32(self._token_number),
            CreatedAt=cast("ua.DateTime", datetime.now(UTC)),
            RevisedLifetime=ua.UInt32(lifetime),
        )
        self._next_overdue = time.monotonic() + lifetime / 1000 * _OVERTIME
        self.next_security_token = token
        if not renewal:
            self._open = True
            self.revolve_tokens()
        return ua.OpenSecureChannelResult(SecurityToken=token, ServerNonce=ua.ByteString(self.local_nonce))

    def revolve_tokens(self) -> None:
        """Use the keys of the newest token; those before it are gone."""
        super().revolve_tokens()
        self._sealing = None
        self._overdue = self._next_overdue

    def _check_sym_header(self, security_hdr: ua.SymmetricAlgorithmHeader) -> None:
        """Take messages under the present token, or under the next one, whose first use ends the present one.

        Raises:
            ServiceError: It is another token, or its time is over.
        """
        self._require_token(security_hdr.TokenId)

    def _require_token(self, token_id: int) -> None:
        is_next = token_id == self.next_security_token.TokenId != 0
        if token_id != self.security_token.TokenId and not is_next:
            raise ServiceError(StatusCodes.BadSecureChannelTokenUnknown)
        if is_next:
            self.revolve_tokens()
        if time.monotonic() > self._overdue:
            raise ServiceError(StatusCodes.BadSecureChannelTokenUnknown)


def leaf(chain: bytes) -> bytes:
    """The first certificate of those that a peer sent; empty if there is none."""
    try:
        return split_chain(chain)[0]
    except (ValueError, IndexError):
        return b""
