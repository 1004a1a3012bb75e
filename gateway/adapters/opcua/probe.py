"""A sign of life from an OPC UA server: Hello answered by Acknowledge (OPC 10000-6, 7.1.2), without the engine."""

from __future__ import annotations

import struct

import anyio

from gateway.adapters.opcua.settings import OpcUaSettings

_CHUNK_BYTES = 65536
_HEADER_BYTES = 8


def _hello(url: str) -> bytes:
    text = url.encode()
    body = struct.pack("<5I", 0, _CHUNK_BYTES, _CHUNK_BYTES, 0, 0) + struct.pack("<i", len(text)) + text
    return b"HELF" + struct.pack("<I", _HEADER_BYTES + len(body)) + body


async def probe(settings: OpcUaSettings) -> str:
    """Connect on this host and say Hello.

    Returns:
        The endpoint that answered.

    Raises:
        OSError: Nobody listens, or the connection broke.
        ValueError: Something else than an OPC UA server answered.
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  compared, not bound
    url = settings.endpoint_url(host, settings.port)
    async with await anyio.connect_tcp(host, settings.port) as stream:
        await stream.send(_hello(url))
        try:
            answer = await stream.receive(_HEADER_BYTES)
        except anyio.EndOfStream as error:
            raise ConnectionResetError("the server closed the connection") from error
    if not answer.startswith(b"ACK"):
        raise ValueError(f"{url} answered {answer!r} instead of an Acknowledge")
    return url
