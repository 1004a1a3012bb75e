"""Asking a running gateway."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.errors import GatewayError

LONGEST_ANSWER = 16 * 1024 * 1024


class NotRunningError(GatewayError):
    """No gateway of this site runs on this host under this user."""


async def ask(path: Path, verb: str, **arguments: object) -> AsyncGenerator[Mapping[str, object], None]:
    """Put one request and yield the answers as they come.

    Raises:
        NotRunningError: Nobody listens at `path`.
        GatewayError: The gateway refused, or went away before it had said everything.
    """
    try:
        client = await anyio.connect_unix(path)
    except OSError as error:
        raise NotRunningError(
            "no running gateway of this site answers", where=str(path), hint="start it, under the same user"
        ) from error
    async with client:
        await client.send(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
        lines = BufferedByteReceiveStream(client)
        while True:
            try:
                answer: dict[str, object] = json.loads(await lines.receive_until(b"\n", LONGEST_ANSWER))
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
                raise GatewayError("the gateway stopped while it answered", where=str(path)) from error
            if "error" in answer:
                raise GatewayError(str(answer["error"]))
            if "end" in answer:
                return
            yield answer
