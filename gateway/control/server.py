"""The running gateway's side of the local socket: one request line in, answer lines out, all JSON."""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path

import anyio
from anyio.abc import TaskStatus
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.control.local_socket import LocalStream, open_listener
from gateway.errors import GatewayError

Answers = AsyncGenerator[Mapping[str, object], None]
Verb = Callable[[Mapping[str, object]], Answers]

LONGEST_REQUEST = 64 * 1024
_REQUEST_S = 5.0
_AGAIN_S = 5.0
_GONE = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError)
_LOG = logging.getLogger("gateway.control")


class ControlServer:
    """Answers requests of the same user on the same host.

    A request is one line, `{"verb": ..., ...}`. Answers are lines until the verb has said everything or the client
    leaves; the last one is `{"end": true}` or `{"error": text}`. Whatever goes wrong here is logged and touches
    nothing else in the gateway.

    Args:
        path: The socket. Its folder is made for this user alone; a socket that a dead gateway left is replaced.
        verbs: What can be asked.
    """

    def __init__(self, path: Path, verbs: Mapping[str, Verb]) -> None:
        self._path = path
        self._verbs = verbs
        self._problem = ""

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; reports that it started once clients can connect, or at once if they cannot.

        Where the socket cannot be made this is logged once, the gateway runs without, and it is tried again.
        """
        started = False

        def ready() -> None:
            nonlocal started
            if not started:
                task_status.started()
            started = True

        while True:
            try:
                with self._owned():
                    await self._listen(ready)
            except* OSError as group:
                self._complain("; ".join(str(error) or repr(error) for error in group.exceptions))
            ready()
            await anyio.sleep(_AGAIN_S)

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            _LOG.warning("no local control socket at %s: %s; `explain` and `capture` show less", self._path, problem)
        self._problem = problem

    @contextmanager
    def _owned(self) -> Iterator[None]:
        """Be the only gateway at this path. The kernel lets go of the lock when the process ends, however it ends."""
        if sys.platform == "win32":
            raise OSError("Windows has no such sockets")
        import fcntl

        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{folder} is not a folder of this user alone")
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FileExistsError("another gateway of this site is running") from None
            yield
        finally:
            os.close(lock)

    async def _listen(self, ready: Callable[[], None]) -> None:
        with open_listener(self._path) as listener:
            if self._problem:
                _LOG.warning("the local control socket is there again: %s", self._path)
            self._problem = ""
            ready()
            async with anyio.create_task_group() as attending:
                while True:
                    attending.start_soon(self._attend, await listener.accept())

    async def _attend(self, client: LocalStream) -> None:
        async with client:
            try:
                line = await _request_line(client)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_until_gone, client, tasks.cancel_scope)
                    await self._answer(client, line)
                    tasks.cancel_scope.cancel()
            except* _GONE:
                pass

    async def _answer(self, client: LocalStream, line: bytes) -> None:
        try:
            verb, request = self._understood(line)
            async with aclosing(verb(request)) as answers:
                async for answer in answers:
                    await _send(client, answer)
        except GatewayError as error:
            await _send(client, {"error": str(error)})
        except _GONE:
            raise
        except Exception as error:  # noqa: BLE001  a fault of one verb must not stop acquisition
            _LOG.exception("fault while a request was answered: %r", line[:200])
            await _send(client, {"error": f"fault of the gateway, see its log: {error!r}"})
        else:
            await _send(client, {"end": True})

    def _understood(self, line: bytes) -> tuple[Verb, Mapping[str, object]]:
        try:
            request = json.loads(line)
            return self._verbs[request["verb"]], request
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise GatewayError(f"ask for one of {', '.join(self._verbs)}") from error


async def _request_line(client: LocalStream) -> bytes:
    """The first line; empty if none comes in time."""
    with anyio.move_on_after(_REQUEST_S):
        try:
            return await BufferedByteReceiveStream(client).receive_until(b"\n", LONGEST_REQUEST)
        except anyio.DelimiterNotFound:
            return b""
    return b""


async def _until_gone(client: LocalStream, scope: anyio.CancelScope) -> None:
    """A client that leaves ends its request, even while nothing is being said."""
    try:
        while True:
            await client.receive()
    except _GONE:
        scope.cancel()


async def _send(client: LocalStream, answer: Mapping[str, object]) -> None:
    await client.send(json.dumps(answer).encode() + b"\n")
