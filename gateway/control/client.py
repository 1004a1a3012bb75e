"""Asking a running gateway."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.control.local_socket import connect
from gateway.errors import GatewayError

LONGEST_ANSWER = 16 * 1024 * 1024


class NotRunningError(GatewayError):
    """No gateway of this site runs on this host under this user."""


async def ask(path: Path, verb: str, **arguments: object) -> AsyncGenerator[Mapping[str, object], None]:
    """Put one request and yield the answers as they come.

    Raises:
        NotRunningError: Nobody listens at `path`.
        GatewayError: The gateway refused, went away before it had said everything, or is none.
    """
    try:
        client = await connect(path)
    except OSError as error:
        raise NotRunningError(
            "no running gateway of this site answers", where=str(path), hint="start it, under the same user"
        ) from error
    async with client:
        lines = BufferedByteReceiveStream(client)
        try:
            await client.send(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
            while True:
                answer = _answer(await lines.receive_until(b"\n", LONGEST_ANSWER))
                if "error" in answer:
                    raise GatewayError(str(answer["error"]))
                if "end" in answer:
                    return
                yield answer
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
            raise GatewayError("the gateway stopped while it answered", where=str(path)) from error
        except (anyio.DelimiterNotFound, ValueError) as error:
            raise GatewayError(f"what listens there is no gateway: {error}", where=str(path)) from error


def _answer(line: bytes) -> Mapping[str, object]:
    answer = json.loads(line)
    if not isinstance(answer, dict):
        raise ValueError(f"an object is needed, not {line[:40]!r}")  # noqa: TRY004  wrong bytes, not a wrong argument
    return answer
