"""Passwords inside UserNameIdentityTokens: encrypted for this server and this challenge, or not taken."""

from __future__ import annotations

import struct

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.status_codes import StatusCodes
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.security.user_tokens import ALGORITHMS, RSA_OAEP, decrypt_password

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NONCE = bytes(range(32))
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), label=None)
PLAIN_BLOCK = 256 - 42
BASIC = ALGORITHMS["http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"]


def sealed(plain: bytes) -> bytes:
    return b"".join(
        KEY.public_key().encrypt(plain[at : at + PLAIN_BLOCK], OAEP) for at in range(0, len(plain), PLAIN_BLOCK)
    )


def secret(password: bytes, nonce: bytes = NONCE, length: int | None = None) -> bytes:
    content = password + nonce
    return sealed(struct.pack("<I", len(content) if length is None else length) + content)


def token(password: bytes | None, algorithm: str | None = RSA_OAEP) -> ua.UserNameIdentityToken:
    return ua.UserNameIdentityToken(UserName="alice", Password=password, EncryptionAlgorithm=algorithm)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120))
def test_what_was_sealed_is_read(password: str) -> None:
    assert decrypt_password(KEY, token(secret(password.encode())), NONCE, BASIC) == password


@pytest.mark.parametrize(
    ("given_token", "status"),
    [
        (token(b"open", algorithm=None), StatusCodes.BadIdentityTokenRejected),
        (token(b"open", algorithm=""), StatusCodes.BadIdentityTokenRejected),
        (token(None), StatusCodes.BadIdentityTokenInvalid),
        (token(b""), StatusCodes.BadIdentityTokenInvalid),
        (token(bytes(255)), StatusCodes.BadIdentityTokenInvalid),
        (token(bytes(256)), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"x" * 900)), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"open"), "http://www.w3.org/2001/04/xmlenc#rsa-1_5"), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"open", bytes(32))), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"open", b"")), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"open", length=5)), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"open", length=0)), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"open", length=2**32 - 1)), StatusCodes.BadIdentityTokenInvalid),
        (token(sealed(b"\1")), StatusCodes.BadIdentityTokenInvalid),
        (token(secret(b"\xff\xfe")), StatusCodes.BadIdentityTokenInvalid),
    ],
)
def test_anything_else_is_refused(given_token: ua.UserNameIdentityToken, status: int) -> None:
    with pytest.raises(ServiceError) as caught:
        decrypt_password(KEY, given_token, NONCE, BASIC)
    assert caught.value.code == status
