"""Symmetric chunks as bytes: what every message after the opening of a channel is made of (OPC 10000-6 section 6.7.2).

The bytes are those of asyncua 2.1.0, which takes 0.15 ms to read a chunk and to write one; a Publish needs both.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.common.connection import MessageChunk
from asyncua.common.utils import Buffer

_HEADER = struct.Struct("<3scII")
_TOKEN = struct.Struct("<I")
_SEQUENCE = struct.Struct("<II")


@dataclass(slots=True)
class Sealing:
    """How the chunks of one token are secured.

    Attributes:
        crypto: asyncua's symmetric cryptography with the keys of the token.
        channel_id: Of the channel.
        token_id: Of the token.
        most: Bytes of a message in one chunk.
    """

    crypto: Any
    channel_id: int
    token_id: int
    most: int

    @classmethod
    def of(cls, crypto: Any, channel_id: int, token_id: int, chunk_bytes: int) -> Sealing:  # noqa: ANN401  not typed there
        """For chunks of at most so many bytes."""
        return cls(crypto, channel_id, token_id, MessageChunk.max_body_size(crypto, chunk_bytes))

    def chunks(self, body: bytes, request_id: int, next_number: Callable[[], int]) -> Iterator[bytes]:
        """The chunks of one message.

        Args:
            body: The message.
            request_id: Of the request that it answers.
            next_number: Gives the sequence number of each.
        """
        whole = memoryview(body)
        for at in range(0, len(body), self.most):
            last = at + self.most >= len(body)
            yield self._chunk(b"F" if last else b"C", whole[at : at + self.most], request_id, next_number())

    def _chunk(self, kind: bytes, part: memoryview, request_id: int, number: int) -> bytes:
        crypto = self.crypto
        sequence = _SEQUENCE.pack(number, request_id)
        padding: bytes = crypto.padding(len(sequence) + len(part))
        signed = len(sequence) + len(part) + len(padding) + crypto.signature_size()
        size = signed // crypto.plain_block_size() * crypto.encrypted_block_size()
        whole = _HEADER.size + _TOKEN.size + size
        head = _HEADER.pack(b"MSG", kind, whole, self.channel_id) + _TOKEN.pack(self.token_id)
        message = b"".join((head, sequence, part, padding))
        if not crypto.signature_size():
            return message
        secured: bytes = head + crypto.encrypt(message[len(head) :] + crypto.signature(message))
        return secured


def token_of(chunk: Buffer) -> int:
    """TokenId of a chunk whose header has been read; the chunk stays as it is."""
    (token,) = _TOKEN.unpack(chunk.copy(_TOKEN.size).read(_TOKEN.size))
    return int(token)


def opened(crypto: Any, header: ua.Header, data: Buffer) -> MessageChunk:  # noqa: ANN401  not typed there
    """A chunk that has come, decrypted and verified.

    Args:
        crypto: asyncua's symmetric cryptography with the keys of the chunk's token.
        header: Of the chunk.
        data: The rest of it.

    Raises:
        InvalidSignature: It is not from this client, or has been changed.
        struct.error: It is too short.
    """
    rest = data.read(header.body_size)
    crypto.use_prev_key = False
    plain = crypto.decrypt(rest[_TOKEN.size :])
    length = crypto.vsignature_size()
    if length:
        plain, signature = plain[:-length], plain[-length:]
        whole = _HEADER.size + header.body_size
        head = _HEADER.pack(header.MessageType, header.ChunkType, whole, header.ChannelId)
        crypto.verify(head + rest[: _TOKEN.size] + plain, signature)
    plain = crypto.remove_padding(plain)
    chunk = MessageChunk(crypto, plain[_SEQUENCE.size :], header.MessageType)
    chunk.MessageHeader = header
    number, request_id = _SEQUENCE.unpack_from(plain)
    chunk.SequenceHeader = ua.SequenceHeader(number, request_id)  # type: ignore[has-type]
    (chunk.SecurityHeader.TokenId,) = _TOKEN.unpack_from(rest)  # type: ignore[union-attr]  # symmetric, as the message
    return chunk
