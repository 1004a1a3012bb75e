"""The connection of one client: whole chunks in, and no more of them than the client takes answers for.

asyncua 2.1.0 keeps whatever is announced until it is complete (4 GiB), keeps all answers that a client does not read,
and serves hundreds of requests in one turn of the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.server.binary_server_asyncio import OPCUAProtocol
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import header_from_binary, uatcp_to_binary

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.network.policies import ChannelOffer
from gateway.adapters.opcua.network.secure_channel import SecureChannel
from gateway.adapters.opcua.network.turns import Turns
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.model.client_places import ClientPlaces
from gateway.model.vanished_peer import notice_vanished_peer

HELLO_S = 5.0
"""Seconds that a client has for its Hello."""

IDLE_S = 60.0
"""Seconds without any request, beyond the longest session, after which a connection ends."""

UNREAD_BYTES = 256 * 1024
"""Answers kept for a client that does not read them, before its next requests have to wait."""

UNREAD_S = 60
"""Seconds after which a client that takes nothing at all is given up."""

_HEADER, _LEAST = 8, 16
_CLOSING_S = 0.5
_FIRST, _LATER = frozenset({b"HEL"}), frozenset({b"OPN", b"MSG", b"CLO"})
_ERROR: Any = ua.MessageType.Error  # declared as bytes where `uatcp_to_binary` wants a MessageType
_LOG = logging.getLogger(__name__)


class BadChunkError(Exception):
    """The client broke the protocol; `code` says how."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Connection(OPCUAProtocol):
    """One client's connection.

    Args:
        places: For connections of all clients.
        turns: When requests are served, shared by all connections.
        offer: What channels may be opened with, and by whom.
        base: What asyncua's protocol takes.
    """

    iserver: InnerServer

    def __init__(
        self,
        places: ClientPlaces,
        turns: Turns,
        offer: ChannelOffer,
        **base: Any,  # noqa: ANN401  asyncua's own
    ) -> None:
        super().__init__(policies=[], **base)
        self._offer = offer
        self._places = places
        self._turns = turns
        self._reader = asyncio.StreamReader(self.limits.max_recv_buffer)
        self._writable = asyncio.Event()
        self._writable.set()
        self._unread: asyncio.TimerHandle | None = None
        self._expected = _FIRST
        self._host = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the client in, if there is room."""
        to_client = cast("asyncio.Transport", transport)
        self._host = (to_client.get_extra_info("peername") or ("",))[0]
        if not self._places.enter(self._host):
            to_client.abort()
            return
        super().connection_made(transport)
        notice_vanished_peer(to_client.get_extra_info("socket"), untaken_s=UNREAD_S)
        to_client.set_write_buffer_limits(UNREAD_BYTES)
        self._reader.set_transport(to_client)
        self.processor = SecureChannel(self.iserver, to_client, self.limits, self._offer)

    def connection_lost(self, ex: BaseException | None) -> None:
        """Let the client go."""
        if self.transport is not None:
            self._places.leave(self._host)
        self._look_no_more()
        super().connection_lost(ex)

    def data_received(self, data: bytes) -> None:
        """Keep bytes; the reader stops the transport while many wait."""
        self._reader.feed_data(data)

    def pause_writing(self) -> None:
        """The client does not take its answers."""
        self._writable.clear()
        self._look_later()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._look_no_more()
        self._writable.set()

    def _look_later(self) -> None:
        """Give the client up in a while, unless it has taken something by then.

        The system's own time-out (`notice_vanished_peer`) has been seen not to end a connection whose window is closed.
        """
        assert self.transport is not None  # noqa: S101  it is what has told of the standstill
        waiting = self.transport.get_write_buffer_size()
        self._unread = asyncio.get_running_loop().call_later(UNREAD_S, self._give_up, waiting)

    def _look_no_more(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self, waiting: int) -> None:
        assert self.transport is not None  # noqa: S101  as in `_look_later`
        if self.transport.get_write_buffer_size() < waiting:
            self._look_later()
            return
        _LOG.warning("%s takes nothing any more: %d bytes wait, the connection ends", self.peer_name, waiting)
        self.transport.abort()

    async def _process_received_message_loop(self) -> None:
        loop = asyncio.get_running_loop()
        idle_s = self.iserver.limits.longest_session_timeout_s + IDLE_S
        try:
            async with asyncio.timeout(HELLO_S) as patience:
                while await self._serve_one_chunk():
                    patience.reschedule(loop.time() + idle_s)
        except BadChunkError as error:
            self._complain(error)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            _LOG.debug("%s: the connection ends: %r", self.peer_name, error)
        finally:
            self._end()

    async def _serve_one_chunk(self) -> bool:
        """Wait for one chunk and process it; False when that was the last one."""
        start = await self._reader.readexactly(_HEADER)
        kind, size = start[:3], int.from_bytes(start[4:], "little")
        if kind not in self._expected:
            raise BadChunkError(StatusCodes.BadTcpMessageTypeInvalid, f"{kind!r} is not expected here")
        if not _LEAST <= size <= self.limits.max_recv_buffer:
            raise BadChunkError(StatusCodes.BadTcpMessageTooLarge, f"a chunk of {size} bytes")
        chunk = Buffer(start + await self._reader.readexactly(size - _HEADER))
        self._expected = _LATER
        assert self.processor is not None  # noqa: S101  made with the connection
        await self._writable.wait()
        async with self._turns.turn():
            return bool(await self.processor.process(header_from_binary(chunk), chunk))  # type: ignore[no-untyped-call]

    def _complain(self, error: BadChunkError) -> None:
        """Say why the connection ends (OPC 10000-6 section 7.1.5)."""
        _LOG.debug("%s: %s", self.peer_name, error)
        if self.transport is not None and not self.transport.is_closing():
            message = ua.ErrorMessage(status_code(error.code), ua.String(str(error)))
            self.transport.write(uatcp_to_binary(_ERROR, message))

    def _end(self) -> None:
        """Send what is left, but do not wait long for a client that does not read."""
        if self.transport is not None:
            self.transport.close()
            asyncio.get_running_loop().call_later(_CLOSING_S, self.transport.abort)
