"""Proofs inside user identity tokens: encrypted passwords, and certificates whose key has signed.

OPC 10000-4 section 7.40 describes the tokens, OPC 10000-7 the algorithms of each policy.
asyncua 2.1.0 takes passwords as plain text, takes any algorithm, and never compares the nonce inside an encrypted
password, so that a recorded token could be sent again; therefore it is not asked.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_MAX_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class TokenAlgorithms:
    """How tokens are protected under one security policy (OPC 10000-7).

    Attributes:
        encryption: Name of the algorithm for passwords.
        encryption_padding: Its padding.
        signature: Name of the algorithm for signatures of certificates.
        signature_padding: Its padding; the hash is SHA-256.
    """

    encryption: str
    encryption_padding: padding.OAEP
    signature: str
    signature_padding: padding.AsymmetricPadding


def _oaep(hash_algorithm: hashes.HashAlgorithm) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hash_algorithm), hash_algorithm, label=None)


RSA_OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep"
RSA_OAEP_SHA256 = "http://opcfoundation.org/UA/security/rsa-oaep-sha2-256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_PSS_SHA256 = "http://opcfoundation.org/UA/security/rsa-pss-sha2-256"

_OAEP_SHA1 = _oaep(hashes.SHA1())  # noqa: S303  fixed by the policies
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
_POLICY = "http://opcfoundation.org/UA/SecurityPolicy#"

ALGORITHMS: Mapping[str, TokenAlgorithms] = {
    f"{_POLICY}Basic256Sha256": TokenAlgorithms(RSA_OAEP, _OAEP_SHA1, RSA_SHA256, padding.PKCS1v15()),
    f"{_POLICY}Aes128_Sha256_RsaOaep": TokenAlgorithms(RSA_OAEP, _OAEP_SHA1, RSA_SHA256, padding.PKCS1v15()),
    f"{_POLICY}Aes256_Sha256_RsaPss": TokenAlgorithms(RSA_OAEP_SHA256, _oaep(hashes.SHA256()), RSA_PSS_SHA256, _PSS),
}
"""By SecurityPolicyUri. Under any other policy nobody can log in."""


def decrypt_password(
    key: rsa.RSAPrivateKey, token: ua.UserNameIdentityToken, nonce: bytes, algorithms: TokenAlgorithms
) -> str:
    """The password of a token that was made for this very session and challenge. Blocks for some milliseconds.

    Args:
        key: Private key of the server.
        token: From the client.
        nonce: Last one that the server gave to the session.
        algorithms: Of the policy of the endpoint.

    Raises:
        ServiceError: It is not encrypted, not for this nonce, or no text.
    """
    secret = token.Password or b""
    if not token.EncryptionAlgorithm:
        raise ServiceError(StatusCodes.BadIdentityTokenRejected)
    block = key.key_size // 8
    right_size = 0 < len(secret) <= _MAX_BLOCKS * block and not len(secret) % block
    if token.EncryptionAlgorithm != algorithms.encryption or not right_size:
        raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
    blocks = [secret[at : at + block] for at in range(0, len(secret), block)]
    try:
        plain = b"".join(key.decrypt(one, algorithms.encryption_padding) for one in blocks)
        (length,) = struct.unpack_from("<I", plain)
        content = plain[4 : 4 + length]
        if len(content) != length or not nonce or not hmac.compare_digest(content[-len(nonce) :], nonce):
            raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
        return content[: -len(nonce)].decode()
    except (ValueError, struct.error) as error:
        raise ServiceError(StatusCodes.BadIdentityTokenInvalid) from error


def verify_possession(
    certificate: bytes, signature: ua.SignatureData | None, challenge: bytes, algorithms: TokenAlgorithms
) -> None:
    """Make sure that the client holds the key of a user's certificate.

    Args:
        certificate: DER.
        signature: UserTokenSignature of the client.
        challenge: Certificate of the server followed by its last nonce.
        algorithms: Of the policy of the endpoint.

    Raises:
        ServiceError: The certificate cannot be read, or the signature is not that of its key.
    """
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise ServiceError(StatusCodes.BadIdentityTokenInvalid) from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise ServiceError(StatusCodes.BadIdentityTokenInvalid)
    if signature is None or signature.Algorithm != algorithms.signature or not signature.Signature:
        raise ServiceError(StatusCodes.BadUserSignatureInvalid)
    try:
        key.verify(signature.Signature, challenge, algorithms.signature_padding, hashes.SHA256())
    except InvalidSignature as error:
        raise ServiceError(StatusCodes.BadUserSignatureInvalid) from error
