"""A line as a pseudo-terminal: clients open it like a serial port. POSIX only."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import ByteStream

from gateway.errors import LinkError
from gateway.simulator.settings import PtyLink

_UNREAD_KEPT = 1024


class PseudoTerminal(ByteStream):
    """The instrument's end of a pseudo-terminal pair.

    The client's end is held open as well. Otherwise Linux reports a hang-up and EIO on this end for as long as no
    client has it open, and falls back to cooked mode with echo when the last client closes.
    """

    def __init__(self) -> None:
        self._instrument_end, self._client_end = os.openpty()
        os.set_blocking(self._instrument_end, False)
        tty.setraw(self._client_end)
        self.device = Path(os.ttyname(self._client_end))

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Bytes from whichever client has the terminal open.

        Raises:
            EndOfStream: The pair is gone.
        """
        while True:
            await anyio.wait_readable(self._instrument_end)
            try:
                return os.read(self._instrument_end, max_bytes)
            except BlockingIOError:
                continue
            except OSError as error:
                raise anyio.EndOfStream from error

    async def send(self, item: bytes) -> None:
        """Never waits: like a serial line, it loses what nobody reads.

        At most `_UNREAD_KEPT` bytes are kept for a client, so that one that opens the terminal late does not mistake
        the past for the present.
        """
        await anyio.lowlevel.checkpoint()
        if self._unread() > _UNREAD_KEPT:
            termios.tcflush(self._client_end, termios.TCIFLUSH)
        with suppress(BlockingIOError):
            os.write(self._instrument_end, item)

    async def send_eof(self) -> None:
        """A serial line has no end."""

    async def aclose(self) -> None:
        """Close both ends; clients then see a hang-up."""
        os.close(self._instrument_end)
        os.close(self._client_end)

    def _unread(self) -> int:
        (count,) = struct.unpack("i", fcntl.ioctl(self._client_end, termios.FIONREAD, struct.pack("i", 0)))
        return int(count)


class PtyServer:
    """The terminal of one line; made by `open_pty_server`."""

    port: int | None = None

    def __init__(self, terminal: PseudoTerminal, path: Path) -> None:
        self._terminal = terminal
        self.endpoint = str(path)

    async def serve(self, attend: Callable[[ByteStream], Awaitable[None]]) -> None:
        """Let `attend` talk over the terminal, again and again, until cancelled."""
        while True:
            await attend(self._terminal)


@asynccontextmanager
async def open_pty_server(link: PtyLink, where: str) -> AsyncIterator[PtyServer]:
    """Open a terminal and put a symbolic link to it at the path of the link.

    Raises:
        LinkError: The path is taken by something that is not a symbolic link, or cannot be written.
    """
    async with PseudoTerminal() as terminal:
        _point(link.path, terminal.device, where)
        try:
            yield PtyServer(terminal, link.path)
        finally:
            with suppress(OSError):
                if link.path.readlink() == terminal.device:
                    link.path.unlink()


def _point(path: Path, device: Path, where: str) -> None:
    hint = "name a path that does not exist yet, in a directory you may write to"
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists() and not path.is_symlink():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        fresh.symlink_to(device)
        fresh.replace(path)
    except OSError as error:
        raise LinkError(f"cannot put a link to {device} at {path}: {error.strerror}", where=where, hint=hint) from error
