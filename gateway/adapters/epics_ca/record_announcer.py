"""Gives the list of records to the receivers of RecSync, which keep directories such as ChannelFinder.

A receiver makes itself known by datagrams. One that the settings name gets the list over a connection that stays open
as long as the server runs: when it breaks, the directory knows that the records are gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.adapters.epics_ca.records import Record
from gateway.adapters.epics_ca.recsync_listener import AnnouncementListener, shared_socket
from gateway.adapters.epics_ca.recsync_messages import (
    HEADER,
    PING,
    SERVER_GREETING,
    Announcement,
    add_alias,
    add_info,
    add_record,
    client_greeting,
    header,
    pong,
    upload_done,
)
from gateway.adapters.epics_ca.settings import RecsyncSettings

_CONNECT_S = 10.0
_SILENCE_S = 120.0
"""A receiver pings every 15 s or so; one that keeps quiet for that long has gone without a word."""

_PAUSE_S = 5.0
"""Between connections, whatever is announced."""

_LARGEST_BODY = 1024
_CHUNK = 65536
_LOG = logging.getLogger("gateway.adapters.epics_ca")


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """What a directory learns of a record.

    Attributes:
        name: PV name.
        record_type: RTYP.
        description: DESC.
        aliases: Its other names.
    """

    name: str
    record_type: str
    description: str
    aliases: tuple[str, ...]


def listed_records(records: Mapping[str, Record]) -> list[ListedRecord]:
    """Each record once, from the records by name and alias."""
    aliases: defaultdict[Record, list[str]] = defaultdict(list)
    for name, record in records.items():
        if name != record.name:
            aliases[record].append(name)
    return [
        ListedRecord(name, record.reported_record_type, record.point.description, tuple(aliases[record]))
        for name, record in records.items()
        if name == record.name
    ]


class RecordAnnouncer:
    """Announces records, if the settings name receivers.

    Args:
        settings: Whom to trust with the list.
        records: The records by name and alias.
        about: What the directory learns of the server, in the words of environment variables; asked on connecting.
    """

    def __init__(
        self,
        settings: RecsyncSettings,
        records: Mapping[str, Record],
        about: Callable[[], Mapping[str, str]],
    ) -> None:
        self._settings = settings
        self._records = records
        self._about = about
        self._trouble = ""

    async def run(self) -> None:
        """Announce until cancelled. Without a free port there is no announcement, but the server runs."""
        if not self._settings.receivers:
            return
        try:
            listening = shared_socket(self._settings.interface, self._settings.port)
        except OSError as error:
            where = f"{self._settings.interface} port {self._settings.port}"
            _LOG.error("recsync: %s cannot be listened to: %s; PVs are not announced", where, error)
            return
        with listening:
            transport, receivers = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: AnnouncementListener(self._settings.receivers), sock=listening
            )
            try:
                while True:
                    await self._serve(await receivers.next())
                    await anyio.sleep(_PAUSE_S)
                    receivers.forget()
            finally:
                transport.close()

    async def _serve(self, receiver: Announcement) -> None:
        """Give the list to one receiver and answer its pings until it leaves."""
        place = f"{receiver.host}:{receiver.port}"
        try:
            with anyio.fail_after(_CONNECT_S):
                stream = await anyio.connect_tcp(receiver.host, receiver.port)
            async with stream:
                messages = BufferedByteReceiveStream(stream)
                await stream.send(client_greeting(receiver.key))
                await _receive(messages, SERVER_GREETING)
                for chunk in self._upload():
                    await stream.send(chunk)
                self._note(f"PVs are announced to {place}")
                while True:
                    await stream.send(pong(await _receive(messages, PING)))
        except (OSError, ValueError, anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
            self._note(f"PVs are not announced to {place}: {str(error) or type(error).__name__}", logging.WARNING)

    def _note(self, text: str, level: int = logging.INFO) -> None:
        """Say what is new, once."""
        if text != self._trouble:
            self._trouble = text
            _LOG.log(level, "recsync: %s", text)

    def _upload(self) -> Iterator[bytes]:
        """The whole list, in pieces."""
        piece = b"".join(add_info(0, key, value) for key, value in self._about().items())
        for number, record in enumerate(listed_records(self._records), start=1):
            piece += add_record(number, record.record_type, record.name)
            piece += b"".join(add_alias(number, alias) for alias in record.aliases)
            if record.description:
                piece += add_info(number, "recordDesc", record.description)
            if len(piece) > _CHUNK:
                yield piece
                piece = b""
        yield piece + upload_done()


async def _receive(messages: BufferedByteReceiveStream, wanted: int) -> bytes:
    """Body of the next message of the kind wanted; others are passed over, as the protocol asks.

    Raises:
        TimeoutError: Nothing came for a long time.
        ValueError: Something else than RecSync came.
    """
    while True:
        with anyio.fail_after(_SILENCE_S):
            message, size = header(await messages.receive_exactly(HEADER.size))
            if size > _LARGEST_BODY:
                raise ValueError(f"a message of {size} bytes")
            body = await messages.receive_exactly(size) if size else b""
        if message == wanted:
            return body
