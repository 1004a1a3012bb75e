"""The list of records, taken by a small receiver that reads the protocol by itself."""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.recsync_messages import announcement
from gateway.adapters.epics_ca.settings import ChannelAccessSettings, RecsyncSettings, StatisticsSettings
from gateway.model.points import SiteSpec
from tests.ports import free_port

KEY = 0xC0FFEE01
PATIENCE = 20.0
Serving = Callable[..., Any]


@dataclass
class Receiver:
    """What one connection has said so far."""

    port: int = 0
    greetings: list[int] = field(default_factory=list)
    records: dict[int, tuple[str, str]] = field(default_factory=dict)
    aliases: list[tuple[int, str]] = field(default_factory=list)
    infos: dict[tuple[int, str], str] = field(default_factory=dict)
    complete: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)
    pongs: list[int] = field(default_factory=list)
    answered: anyio.Event = field(default_factory=anyio.Event)
    connections: int = 0

    async def converse(self, stream: SocketStream) -> None:
        self.connections += 1
        async with stream:
            messages = BufferedByteReceiveStream(stream)
            try:
                while True:
                    mark, message, size = struct.unpack(">2sHI", await messages.receive_exactly(8))
                    assert mark == b"RC"
                    body = await messages.receive_exactly(size)
                    self._take(message, body)
                    if message == 1:
                        assert len(messages.buffer) == 0, "it must wait for the greeting of the receiver"
                        await stream.send(struct.pack(">2sHIB", b"RC", 0x8001, 1, 0))
                    elif message == 5:
                        self.complete.set()
                        unknown = struct.pack(">2sHI3s", b"RC", 0x80FF, 3, b"???")
                        await stream.send(unknown + struct.pack(">2sHII", b"RC", 0x8002, 4, 77))
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
                self.gone.set()

    def _take(self, message: int, body: bytes) -> None:
        match message:
            case 1:
                assert body[:2] == b"\0\0"
                self.greetings.append(int.from_bytes(body[4:8], "big"))
            case 2:
                self.pongs.append(int.from_bytes(body, "big"))
                self.answered.set()
            case 3:
                number, kind, type_size, size = struct.unpack(">IBBH", body[:8])
                assert len(body) == 8 + type_size + size
                text = body[8:].decode()
                if kind:
                    assert type_size == 0
                    self.aliases.append((number, text))
                else:
                    self.records[number] = text[:type_size], text[type_size:]
            case 6:
                number, key_size, size = struct.unpack(">IBxH", body[:8])
                assert len(body) == 8 + key_size + size
                text = body[8:].decode()
                self.infos[number, text[:key_size]] = text[key_size:]

    async def announce(self, port: int, *, host: str = "255.255.255.255") -> None:
        """Make itself known to a UDP port until somebody connects."""
        message = struct.pack(">2sBx4sHxxI", b"RC", 0, socket.inet_aton(host), self.port, KEY)
        before = self.connections
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, anyio.fail_after(PATIENCE):
            while self.connections == before:
                sender.sendto(message, ("127.0.0.1", port))
                await anyio.sleep(0.05)


@asynccontextmanager
async def receiving(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with await anyio.create_tcp_listener(local_host=host) as listener, anyio.create_task_group() as tasks:
        receiver.port = listener.extra(SocketAttribute.local_port)
        tasks.start_soon(listener.serve, receiver.converse)
        yield receiver
        tasks.cancel_scope.cancel()


@pytest.fixture
def announced(settings: ChannelAccessSettings) -> ChannelAccessSettings:
    recsync = RecsyncSettings(receivers=("127.0.0.1",), port=free_port(), interface="127.0.0.1")
    statistics = StatisticsSettings(engineer="A. Person")
    return replace(settings, recsync=recsync, aliases={"LAB:O2": "stack/I1/Value"}, statistics=statistics)


async def test_a_receiver_gets_the_list_and_keeps_the_connection(
    site: SiteSpec, announced: ChannelAccessSettings, serving: Serving
):
    async with receiving() as receiver:
        async with serving(ChannelAccessAdapter(site, announced)) as port:
            await receiver.announce(announced.recsync.port)
            with anyio.fail_after(PATIENCE):
                await receiver.complete.wait()
                await receiver.answered.wait()
            assert receiver.greetings == [KEY]
            assert receiver.pongs == [77]
            names = {name: number for number, (_type, name) in receiver.records.items()}
            assert set(names) == {
                *(f"T:stack:{point}" for point in ("I1", "I1:Name", "I1:Fault", "Status:Tick", "Plain")),
                "T:stack:Diagnostics:Emitted",
            }
            assert min(names.values()) > 0
            value = names["T:stack:I1"]
            assert receiver.records[value] == ("ai", "T:stack:I1")
            assert receiver.aliases == [(value, "LAB:O2")]
            assert receiver.infos[value, "recordDesc"] == "Oxygen in the stack"
            about = {key: text for (number, key), text in receiver.infos.items() if number == 0}
            assert about.pop("HOSTNAME") == socket.gethostname()
            assert about == {"IOCNAME": "works", "ENGINEER": "A. Person", "RSRV_SERVER_PORT": str(port)}
            assert not receiver.gone.is_set()
        with anyio.fail_after(PATIENCE):
            await receiver.gone.wait()


async def test_after_a_lost_connection_the_next_announcement_counts(
    site: SiteSpec,
    announced: ChannelAccessSettings,
    serving: Serving,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr("gateway.adapters.epics_ca.record_announcer._PAUSE_S", 0.01)
    caplog.set_level(logging.INFO, "gateway")
    async with serving(ChannelAccessAdapter(site, announced)):
        for _ in range(2):
            async with receiving() as receiver:
                await receiver.announce(announced.recsync.port)
                with anyio.fail_after(PATIENCE):
                    await receiver.complete.wait()
    told = [message.split(" to ")[0] for message in caplog.messages if "recsync" in message]
    assert told[:3] == ["recsync: PVs are announced", "recsync: PVs are not announced", "recsync: PVs are announced"]


@pytest.mark.parametrize(("sender_host", "named_host"), [("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "127.0.0.2")])
async def test_nobody_else_gets_the_list(
    site: SiteSpec, announced: ChannelAccessSettings, serving: Serving, sender_host: str, named_host: str
):
    """Neither does a stranger who names a receiver count, nor a receiver who names a stranger."""
    async with receiving(named_host) as stranger, receiving() as receiver:
        async with serving(ChannelAccessAdapter(site, announced)):
            message = struct.pack(">2sBx4sHxxI", b"RC", 0, socket.inet_aton(named_host), stranger.port, KEY)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((sender_host, 0))
                sender.sendto(message, ("127.0.0.1", announced.recsync.port))
            for _ in range(20):  # what has come is taken before anything else comes
                await anyio.lowlevel.checkpoint()
            await receiver.announce(announced.recsync.port)
        assert (stranger.connections, receiver.connections) == (0, 1)


async def test_a_taken_port_is_no_reason_not_to_serve(
    site: SiteSpec, announced: ChannelAccessSettings, serving: Serving, caplog: pytest.LogCaptureFixture
):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", announced.recsync.port))
        async with serving(ChannelAccessAdapter(site, announced)):
            with anyio.fail_after(PATIENCE):
                while "PVs are not announced" not in caplog.text:  # noqa: ASYNC110  the log has no event
                    await anyio.sleep(0.01)


@given(st.binary(max_size=40))
def test_no_datagram_breaks_the_ear(data: bytes):
    found = announcement(data)
    assert found is None or (data[:3] == b"RC\0" and found.port > 0)
