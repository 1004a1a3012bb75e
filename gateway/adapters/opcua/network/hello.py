"""What client and server tell each other of the length of messages (Hello and Acknowledge, OPC 10000-6 section 7.1.2).

asyncua 2.1.0 takes what a client says of responses for its own limit of requests, and keeps to neither when it answers;
it mixes up the two buffers in its Acknowledge, and takes a buffer of any size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import ServiceError
from asyncua.ua.status_codes import StatusCodes

LEAST_BUFFER_BYTES = 8192
"""Of both buffers of a client (OPC 10000-6 section 7.1.2.3); a response in smaller chunks would take for ever."""

MOST_RESPONSE_BYTES = 16 * 1024 * 1024
"""A longer response would be kept whole in memory for a client that takes anything."""

_CHUNK_FRAME_BYTES = 1024
"""Headers, padding and signature of one chunk, rounded up."""


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """What a client takes in one response.

    Attributes:
        message_bytes: Of the whole message.
        chunks: Of which it is made; 0 for any number.
    """

    message_bytes: int
    chunks: int = 0

    def longest(self, chunk_body: int) -> int:
        """Bytes of the longest response in chunks that hold so many bytes of it."""
        return min(self.message_bytes, self.chunks * chunk_body) if self.chunks else self.message_bytes


def meet(hello: ua.Hello, own: TransportLimits) -> tuple[ua.Hello, ResponseLimits]:
    """Take what a client says.

    A client that sets no limit gets responses no longer than its requests may be: asyncua and node-opcua hold responses
    to the limits of requests in the Acknowledge, and close the connection beyond.

    Args:
        hello: As it came.
        own: Limits of requests on this connection. The number of chunks is changed to that of the smallest message
            that is refused.

    Returns:
        A Hello of which asyncua makes the right Acknowledge, and what the client takes.

    Raises:
        ServiceError: BadConnectionRejected: a buffer is too small.
    """
    buffer = min(hello.ReceiveBufferSize, hello.SendBufferSize, own.max_send_buffer, own.max_recv_buffer)
    if buffer < LEAST_BUFFER_BYTES:
        raise ServiceError(StatusCodes.BadConnectionRejected)
    own.max_chunk_count = -(-own.max_message_size // (buffer - _CHUNK_FRAME_BYTES))
    longest = min(hello.MaxMessageSize or own.max_message_size, MOST_RESPONSE_BYTES)
    agreed = replace(
        hello,
        ReceiveBufferSize=ua.UInt32(buffer),
        SendBufferSize=ua.UInt32(buffer),
        MaxMessageSize=ua.UInt32(0),
        MaxChunkCount=ua.UInt32(0),
    )
    return agreed, ResponseLimits(longest, hello.MaxChunkCount)
