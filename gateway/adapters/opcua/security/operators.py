"""Logging in by user name and password (OPC 10000-4 section 7.41).

asyncua 2.1.0 takes passwords as plain text and never compares the nonce inside an encrypted one, so that a recorded
token could be sent again; therefore it is not asked.
"""

from __future__ import annotations

import hmac
import logging
import struct

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.status_codes import StatusCodes
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.model.actions import ActionOrigin
from gateway.ports import ActionDesk

PROTOCOL = "opcua"
RSA_OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep"
"""The algorithm of Basic256Sha256 (OPC 10000-7)."""

_PADDING = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), label=None)  # noqa: S303  fixed by the policy

_MAX_BLOCKS = 4
_MAX_SHOWN = 64
_MAX_HOSTS = 1000


def decrypt_password(key: rsa.RSAPrivateKey, token: ua.UserNameIdentityToken, nonce: bytes) -> str:
    """The password of a token that was made for this very session and challenge.

    Args:
        key: Private key of the server.
        token: From the client.
        nonce: Last one that the server gave to the session.

    Raises:
        ServiceError: It is not encrypted, not for this nonce, or no text.
    """
    secret = token.Password or b""
    if not token.EncryptionAlgorithm:
        raise ServiceError(StatusCodes.BadIdentityTokenRejected)
    block = key.key_size // 8
    if token.EncryptionAlgorithm != RSA_OAEP or len(secret) % block or not 0 < len(secret) <= _MAX_BLOCKS * block:
        raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
    try:
        plain = b"".join(key.decrypt(secret[at : at + block], _PADDING) for at in range(0, len(secret), block))
        (length,) = struct.unpack_from("<I", plain)
        content = plain[4 : 4 + length]
        if len(content) != length or not hmac.compare_digest(content[-len(nonce) :], nonce):
            raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
        return content[: -len(nonce)].decode()
    except (ValueError, struct.error) as error:
        raise ServiceError(StatusCodes.BadIdentityTokenInvalid) from error


class Operators:
    """Lets operators log in. It is the desk that makes guessing slow.

    Args:
        desk: Who knows the passwords.
        key: Private key of the server.
    """

    def __init__(self, desk: ActionDesk, key: rsa.RSAPrivateKey) -> None:
        self._desk = desk
        self._key = key
        self._refused_hosts: set[str] = set()
        self._log = logging.getLogger("gateway.adapters.opcua")

    def prove(
        self, token: ua.UserNameIdentityToken, nonce: bytes, security: ChannelSecurity, host: str
    ) -> ActionOrigin:
        """Who logs in.

        Args:
            token: From the client.
            nonce: Last one that the server gave to the session.
            security: Of the channel on which the token came.
            host: Address of the peer.

        Raises:
            ServiceError: The channel or the token is not encrypted, the token is not for this session, or the
                password is wrong.
        """
        if not security.is_encrypted:
            raise ServiceError(StatusCodes.BadIdentityTokenRejected)
        password = decrypt_password(self._key, token, nonce)
        user = token.UserName or ""
        if not user or not user.isprintable():
            raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
        if not self._desk.knows(user, password):
            self._report_refusal(user, host)
            raise ServiceError(StatusCodes.BadUserAccessDenied)
        self._refused_hosts.discard(host)
        return ActionOrigin(PROTOCOL, host, user, proved=True)

    def _report_refusal(self, user: str, host: str) -> None:
        if host in self._refused_hosts:
            return
        if len(self._refused_hosts) >= _MAX_HOSTS:
            self._refused_hosts.clear()
        self._refused_hosts.add(host)
        self._log.warning(
            "login of %r from %s refused; more from there are not reported until one succeeds", user[:_MAX_SHOWN], host
        )
