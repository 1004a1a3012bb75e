"""The running gateway's side of the local socket: one request line in, answer lines out, all JSON."""

from __future__ import annotations

import json
import logging
import socket
import stat
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from pathlib import Path

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.errors import GatewayError

Answers = AsyncGenerator[Mapping[str, object], None]
Verb = Callable[[Mapping[str, object]], Answers]

LONGEST_REQUEST = 64 * 1024
_REQUEST_S = 5.0
_LOG = logging.getLogger("gateway.control")


class ControlServer:
    """Answers requests of the same user on the same host.

    A request is one line, `{"verb": ..., ...}`. Answers are lines until the verb has said everything or the client
    leaves; the last one is `{"end": true}` or `{"error": text}`.

    Args:
        path: The socket. Its folder is made for this user alone; a socket that a dead gateway left is replaced.
        verbs: What can be asked.
    """

    def __init__(self, path: Path, verbs: Mapping[str, Verb]) -> None:
        self._path = path
        self._verbs = verbs

    async def serve(self) -> None:
        """Serve until cancelled. Where the socket cannot be made this is logged, and the gateway runs without."""
        try:
            self._prepare()
            listener = await anyio.create_unix_listener(self._path, mode=stat.S_IRUSR | stat.S_IWUSR)
        except (OSError, NotImplementedError) as error:
            _LOG.warning("no local control socket at %s: %s; `explain` and `capture` show less", self._path, error)
            return
        try:
            async with listener:
                await listener.serve(self._attend)
        finally:
            self._path.unlink(missing_ok=True)

    def _prepare(self) -> None:
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not folder.is_dir() or folder.stat().st_mode & 0o077:
            raise PermissionError(f"{folder} is open to others")
        if self._path.exists():
            with socket.socket(socket.AF_UNIX) as probe:
                probe.setblocking(False)
                try:
                    probe.connect(str(self._path))
                except ConnectionRefusedError:
                    self._path.unlink()
                else:
                    raise FileExistsError("another gateway of this site is running")

    async def _attend(self, client: SocketStream) -> None:
        async with client:
            try:
                with anyio.fail_after(_REQUEST_S):
                    line = await BufferedByteReceiveStream(client).receive_until(b"\n", LONGEST_REQUEST)
                request = json.loads(line)
                verb = self._verbs[request["verb"]]
            except (KeyError, TypeError, ValueError, TimeoutError):
                await _send(client, {"error": f"ask for one of {', '.join(self._verbs)}"})
                return
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.DelimiterNotFound, anyio.BrokenResourceError):
                return
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_until_gone, client, tasks.cancel_scope)
                    await self._answer(client, verb, request)
                    tasks.cancel_scope.cancel()
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            except ExceptionGroup as group:
                if group.split((anyio.BrokenResourceError, anyio.ClosedResourceError))[1] is not None:
                    raise

    async def _answer(self, client: SocketStream, verb: Verb, request: Mapping[str, object]) -> None:
        try:
            async with aclosing(verb(request)) as answers:
                async for answer in answers:
                    await _send(client, answer)
        except GatewayError as error:
            await _send(client, {"error": str(error)})
        else:
            await _send(client, {"end": True})


async def _until_gone(client: SocketStream, scope: anyio.CancelScope) -> None:
    """A client that leaves ends its request, even while nothing is being said."""
    try:
        while True:
            await client.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        scope.cancel()


async def _send(client: SocketStream, answer: Mapping[str, object]) -> None:
    await client.send(json.dumps(answer).encode() + b"\n")
