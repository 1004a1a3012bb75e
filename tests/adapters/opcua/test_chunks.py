"""Chunks byte by byte as asyncua makes them, in every policy and mode, and back again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from asyncua import ua
from asyncua.common.connection import MessageChunk
from asyncua.common.utils import Buffer
from asyncua.crypto import security_policies, uacrypto
from asyncua.ua.ua_binary import header_from_binary
from cryptography.exceptions import InvalidSignature
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.opcua.network.chunks import Sealing, opened, token_of

SIGN, ENCRYPT = ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt
CHUNK_BYTES = 8192
SECRETS = (b"s" * 32, b"n" * 32)


class Policy:
    """The symmetric half of a policy, which is all that messages need."""

    def __init__(self, name: str, mode: ua.MessageSecurityMode) -> None:
        self.policy = getattr(security_policies, f"SecurityPolicy{name}")
        if name == "None":
            self.symmetric_cryptography = security_policies.CryptographyNone()
            return
        crypto = self.symmetric_cryptography = security_policies.Cryptography(mode)
        local = uacrypto.p_sha256(*SECRETS, (32, 32, 16))
        crypto.Signer = security_policies.SignerHMac256(local[0])
        crypto.Verifier = security_policies.VerifierHMac256(local[0])
        crypto.Encryptor = security_policies.EncryptorAesCbc(local[1], local[2])
        crypto.Decryptor = security_policies.DecryptorAesCbc(local[1], local[2])


POLICIES = [
    Policy("None", ua.MessageSecurityMode.None_),
    Policy("Basic256Sha256", SIGN),
    Policy("Basic256Sha256", ENCRYPT),
]


def _numbers(start: int) -> Callable[[], int]:
    numbers = count(start)
    return lambda: next(numbers)


@pytest.mark.parametrize("policy", POLICIES, ids=["none", "sign", "encrypt"])
@settings(max_examples=25, deadline=None)
@given(body=st.binary(min_size=1, max_size=200), repeats=st.sampled_from([1, 7, 41, 120]), number=st.integers(1, 2**31))
def test_sealed_as_asyncua_does_and_opened_again(policy: Policy, body: bytes, repeats: int, number: int) -> None:
    message = body * repeats
    sealing = Sealing.of(policy.symmetric_cryptography, 7, 3, CHUNK_BYTES)
    mine = list(sealing.chunks(message, 99, _numbers(number)))
    theirs = MessageChunk.message_to_chunks(policy, message, CHUNK_BYTES, channel_id=7, request_id=99, token_id=3)
    for offset, chunk in enumerate(theirs):
        chunk.SequenceHeader.SequenceNumber = number + offset
    assert mine == [chunk.to_binary() for chunk in theirs]
    assert all(len(chunk) <= CHUNK_BYTES for chunk in mine)

    parts = []
    for offset, chunk in enumerate(mine):
        data = Buffer(chunk)
        header = header_from_binary(data)
        assert token_of(data) == 3
        back = opened(policy.symmetric_cryptography, header, data)
        assert (back.SequenceHeader.SequenceNumber, back.SequenceHeader.RequestId) == (number + offset, 99)
        assert back.SecurityHeader.TokenId == 3
        assert back.MessageHeader.ChunkType == (ua.ChunkType.Single if chunk is mine[-1] else ua.ChunkType.Intermediate)
        parts.append(back.Body)
    assert b"".join(parts) == message


@pytest.mark.parametrize("policy", POLICIES[1:], ids=["sign", "encrypt"])
@given(place=st.integers(0, 200), flip=st.integers(1, 255))
def test_changed_chunk_is_not_opened(policy: Policy, place: int, flip: int) -> None:
    (chunk,) = Sealing.of(policy.symmetric_cryptography, 7, 3, CHUNK_BYTES).chunks(b"x" * 100, 1, _numbers(1))
    changed = bytearray(chunk)
    at = 12 + place % (len(chunk) - 12)
    changed[at] ^= flip
    data = Buffer(bytes(changed))
    with pytest.raises((InvalidSignature, uacrypto.InvalidSignature, ValueError)):
        opened(policy.symmetric_cryptography, header_from_binary(data), data)
