"""Who a client is: anonymous, by user name and password, or by a certificate of its own (OPC 10000-4 section 5.7.3).

Names are taken over signed channels only, and passwords encrypted for this server and this session, never as plain
text. They are not taken over channels with security policy None, although the standard would allow it: the password
would be safe, but whoever can listen could then send requests in the name of its user.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.status_codes import StatusCodes
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.adapters.opcua.security.certificate_judge import split_chain
from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.adapters.opcua.security.identity import ANONYMOUS, ClientIdentity
from gateway.adapters.opcua.security.user_tokens import (
    ALGORITHMS,
    TokenAlgorithms,
    decrypt_password,
    verify_possession,
)
from gateway.errors import LoginBusyError, LoginRefusedError
from gateway.model.access import Place
from gateway.model.user import KnownUser
from gateway.ports import UserDirectory

ANONYMOUS_POLICY, USER_NAME_POLICY, CERTIFICATE_POLICY = "anonymous", "username", "certificate"
"""PolicyIds. An endpoint has each at most once, under its own security policy."""

_NOT_TRUSTED = frozenset(
    {
        StatusCodes.BadCertificateUntrusted,
        StatusCodes.BadCertificateChainIncomplete,
        StatusCodes.BadCertificateRevoked,
        StatusCodes.BadCertificateIssuerRevoked,
    }
)
"""What is wrong with a certificate that is right in itself."""

_NO_SECURITY = "http://opcfoundation.org/UA/SecurityPolicy#None"
_LONGEST_NAME = 256


class UserCertificates(Protocol):
    """Says whether the certificate of a user is trusted; `security.pki.Pki` does."""

    def judge_user(self, certificate: bytes, *, peer: str = "") -> None:
        """Judge a certificate (DER) that came from a peer, maybe with those of its issuers after it. Blocks.

        Raises:
            ServiceError: It is not trusted, not valid at this time, revoked, or its key too short.
        """
        ...


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a proof must answer, and where it comes from.

    Attributes:
        nonce: Last one that the server gave to the session.
        server_certificate: DER; empty on a channel without security.
        security: Of the channel on which the token came.
        host: Address of the peer.
    """

    nonce: bytes
    server_certificate: bytes
    security: ChannelSecurity
    host: str

    @property
    def place(self) -> Place:
        """Address and application, for the pauses after wrong passwords."""
        return Place(self.host, hashlib.sha256(self.security.client_certificate).hexdigest())


@dataclass(frozen=True, slots=True)
class Login:
    """A proved user.

    Attributes:
        identity: For the session.
        user: As the user directory knows it; None for an anonymous reader.
    """

    identity: ClientIdentity
    user: KnownUser | None = None


class LoginFailedError(ServiceError):
    """A login that failed, with words for the audit log that the client does not get.

    Args:
        code: StatusCode for the client.
        user: Name as given.
        reason: For the audit log.
    """

    def __init__(self, code: int, user: str, reason: str) -> None:
        super().__init__(code)
        self.user = user
        self.reason = reason


class Logins:
    """Lets users in.

    Args:
        users: Who may log in by name; None for nobody.
        key: Private key of the server; None without security.
        anonymous: Whether clients without a user may look.
        certificates: Who judges the certificates of users; None for none.
    """

    def __init__(
        self,
        users: UserDirectory | None = None,
        key: rsa.RSAPrivateKey | None = None,
        *,
        anonymous: bool,
        certificates: UserCertificates | None = None,
    ) -> None:
        self._users = users if users is not None and users.can_log_in else None
        self._key = key
        self._certificates = certificates
        self._thread = CapacityLimiter(1)
        self.anonymous = anonymous

    @property
    def users(self) -> UserDirectory | None:
        """Who may log in by name; None for nobody."""
        return self._users

    def offered(self, policy_uri: str) -> list[ua.UserTokenPolicy]:
        """UserIdentityTokens of an endpoint with this security policy."""
        anonymous = [(ANONYMOUS_POLICY, ua.UserTokenType.Anonymous, _NO_SECURITY)] if self.anonymous else []
        named = []
        if self._users is not None and self._key is not None and policy_uri in ALGORITHMS:
            named.append((USER_NAME_POLICY, ua.UserTokenType.UserName, policy_uri))
            if self._certificates is not None:
                named.append((CERTIFICATE_POLICY, ua.UserTokenType.Certificate, policy_uri))
        return [
            ua.UserTokenPolicy(PolicyId=ua.String(policy), TokenType=kind, SecurityPolicyUri=ua.String(uri))
            for policy, kind, uri in (*anonymous, *named)
        ]

    async def prove(self, token: object, signature: ua.SignatureData | None, challenge: Challenge) -> Login:
        """Who a token proves. Suspends only for a name or a certificate.

        Args:
            token: UserIdentityToken of the client; a null token counts as anonymous.
            signature: UserTokenSignature of the client.
            challenge: What they must answer.

        Raises:
            LoginFailedError: Nobody, or nobody who may come in here.
        """
        try:
            if _is_anonymous(token):
                return self._let_in_anonymous()
            if isinstance(token, ua.UserNameIdentityToken):
                return await self._by_password(token, challenge)
            if isinstance(token, ua.X509IdentityToken):
                return await self._by_certificate(token, signature, challenge)
        except LoginFailedError:
            raise
        except ServiceError as error:
            raise LoginFailedError(
                error.code, _name(token), f"the token is not accepted: {_text(error.code)}"
            ) from error
        raise LoginFailedError(StatusCodes.BadIdentityTokenInvalid, "", "a kind of token that is not offered")

    def _let_in_anonymous(self) -> Login:
        if not self.anonymous:
            raise LoginFailedError(StatusCodes.BadIdentityTokenRejected, "", "anonymous clients are not let in")
        return Login(ANONYMOUS)

    def _algorithms(self, challenge: Challenge) -> TokenAlgorithms:
        algorithms = ALGORITHMS.get(challenge.security.policy_uri)
        if self._users is None or self._key is None or algorithms is None:
            raise ServiceError(StatusCodes.BadIdentityTokenRejected)
        return algorithms

    async def _by_password(self, token: ua.UserNameIdentityToken, challenge: Challenge) -> Login:
        algorithms = self._algorithms(challenge)
        assert self._users is not None  # noqa: S101  seen to by _algorithms
        assert self._key is not None  # noqa: S101
        name = token.UserName or ""
        if token.PolicyId != USER_NAME_POLICY or not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
            raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
        if not token.EncryptionAlgorithm:
            raise ServiceError(StatusCodes.BadIdentityTokenRejected)
        read_password = partial(decrypt_password, self._key, token, challenge.nonce, algorithms)
        try:
            user = await self._users.by_password(name, read_password, challenge.place)
        except LoginBusyError as error:
            raise LoginFailedError(StatusCodes.BadServerTooBusy, name, error.what) from error
        except LoginRefusedError as error:
            raise LoginFailedError(StatusCodes.BadUserAccessDenied, name, error.what) from error
        return Login(ClientIdentity(user.name, user.role), user)

    async def _by_certificate(
        self, token: ua.X509IdentityToken, signature: ua.SignatureData | None, challenge: Challenge
    ) -> Login:
        algorithms, chain = self._algorithms(challenge), token.CertificateData or b""
        if self._certificates is None:
            raise ServiceError(StatusCodes.BadIdentityTokenRejected)
        if token.PolicyId != CERTIFICATE_POLICY:
            raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
        signed = challenge.server_certificate + challenge.nonce
        certificate = _leaf(chain)
        judge = partial(self._judge, chain, certificate, signature, signed, algorithms, challenge.host)
        await to_thread.run_sync(judge, limiter=self._thread)
        assert self._users is not None  # noqa: S101  seen to by _algorithms
        try:
            user = await self._users.by_certificate(hashlib.sha256(certificate).hexdigest())
        except LoginRefusedError as error:
            raise LoginFailedError(StatusCodes.BadUserAccessDenied, "", error.what) from error
        return Login(ClientIdentity(user.name, user.role, certificate), user)

    def _judge(
        self,
        chain: bytes,
        certificate: bytes,
        signature: ua.SignatureData | None,
        signed: bytes,
        algorithms: TokenAlgorithms,
        host: str,
    ) -> None:
        verify_possession(certificate, signature, signed, algorithms)
        assert self._certificates is not None  # noqa: S101  seen to by _by_certificate
        try:
            self._certificates.judge_user(chain, peer=host)
        except ServiceError as error:
            rejected = error.code in _NOT_TRUSTED
            code = StatusCodes.BadIdentityTokenRejected if rejected else StatusCodes.BadIdentityTokenInvalid
            raise LoginFailedError(code, "", f"the certificate is not accepted: {_text(error.code)}") from error


def _leaf(chain: bytes) -> bytes:
    """The user's own certificate, which comes first."""
    try:
        return split_chain(chain)[0]
    except (ValueError, IndexError) as error:
        raise ServiceError(StatusCodes.BadIdentityTokenInvalid) from error


def _is_anonymous(token: object) -> bool:
    """Null and empty tokens count as anonymous (OPC 10000-4 section 5.7.3)."""
    null = isinstance(token, ua.ExtensionObject) and token.TypeId == ua.NodeId(ua.Int32(0))
    return token is None or null or isinstance(token, ua.AnonymousIdentityToken)


def _name(token: object) -> str:
    return (token.UserName or "") if isinstance(token, ua.UserNameIdentityToken) else ""


def _text(code: int) -> str:
    name: str = ua.StatusCode(ua.UInt32(code)).name
    return name
