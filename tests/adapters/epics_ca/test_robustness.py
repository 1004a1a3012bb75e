"""What bad clients do to themselves, and not to others."""

from __future__ import annotations

import gc
import logging
import random
import socket
import struct
from typing import Any

import anyio
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.model.quality import State
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient, create, is_ended, subscribe


@pytest.fixture
async def raw(port: int) -> Any:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(VERSION)
        yield RawClient(stream)


GARBAGE = {
    "text": b"GET / HTTP/1.1\r\nHost: analyser\r\n\r\n" * 4,
    "unknown command": HEADER.pack(999, 0, 0, 0, 0, 0),
    "unknown sid": VERSION + HEADER.pack(15, 0, 20, 1, 4711, 1),
    "unknown subscription": VERSION + HEADER.pack(2, 0, 20, 1, 1, 4711),
    "four gigabytes": VERSION + HEADER.pack(18, 0xFFFF, 0, 0, 1, 13) + struct.pack(">II", 2**32 - 1, 1) + bytes(5000),
    "cut subscription": VERSION + HEADER.pack(1, 8, 20, 1, 1, 1) + bytes(8),
}


@pytest.mark.parametrize("garbage", list(GARBAGE.values()), ids=list(GARBAGE))
async def test_garbage_ends_only_its_own_connection(
    adapter: ChannelAccessAdapter, raw: RawClient, port: int, garbage: bytes, update: Any
):
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(garbage)
        assert await is_ended(stream)
    adapter.apply(update({"I1": 20.5}))
    sid = await raw.channel(b"T:stack:I1")
    await raw.stream.send(HEADER.pack(15, 0, 6, 1, sid, 1))
    assert struct.unpack(">d", (await raw.until(15))[5]) == (20.5,)


async def test_random_bytes_by_tcp_and_udp(port: int, raw: RawClient):
    noise = random.Random(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(200):
            sender.sendto(noise.randbytes(noise.randrange(1, 400)), ("127.0.0.1", port))
    for _ in range(20):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(noise.randbytes(noise.randrange(16, 400)))
    assert await raw.channel(b"T:stack:I1") >= 0


async def test_a_search_by_udp_is_answered_once_from_the_port_asked(port: int):
    async with await anyio.create_connected_udp_socket("127.0.0.1", port) as searcher:
        name = b"T:stack:I1\0\0\0\0\0\0"
        unknown = b"T:stack:I7\0\0\0\0\0\0"
        await searcher.send(
            VERSION + b"".join(HEADER.pack(6, 16, 5, 13, cid, cid) + pv for cid, pv in ((7, unknown), (8, name)))
        )
        with anyio.fail_after(10):
            answer = await searcher.receive()
    found = answer[HEADER.size :]
    assert HEADER.unpack_from(found) == (6, 8, port, 0, 0xFFFF_FFFF, 8)
    assert len(found) == HEADER.size + 8


async def test_writes_of_a_client_that_does_not_ask_for_rights_are_refused(
    adapter: ChannelAccessAdapter, raw: RawClient, update: Any
):
    adapter.apply(update({"I1": 20.5}))
    sid = await raw.channel(b"T:stack:I1")
    await raw.stream.send(HEADER.pack(19, 8, 6, 1, sid, 5) + struct.pack(">d", 1.0))
    assert (await raw.until(19))[3:5] == (376, 5)  # ECA_NOWTACCESS
    await raw.stream.send(HEADER.pack(4, 8, 6, 1, sid, 6) + struct.pack(">d", 1.0))
    assert (await raw.until(11))[4] == 376
    await raw.stream.send(HEADER.pack(15, 0, 6, 1, sid, 1))
    assert struct.unpack(">d", (await raw.until(15))[5]) == (20.5,)


async def test_types_that_do_not_exist_are_refused_and_counts_are_bounded(raw: RawClient):
    sid = await raw.channel(b"T:stack:I1")
    await raw.stream.send(HEADER.pack(15, 0, 36, 1, sid, 1))
    assert (await raw.until(11))[4] == 114  # ECA_BADTYPE
    text = await raw.channel(b"T:stack:I1:Name", 2)
    await raw.stream.send(HEADER.pack(15, 0, 4, 60_000, text, 2))
    _command, _type, count, status, _ioid, payload = await raw.until(15)
    assert (count, len(payload), status) == (256, 256, 1)


async def test_a_cleared_channel_takes_its_monitors_along(adapter: ChannelAccessAdapter, raw: RawClient, update: Any):
    record = adapter._records["T:stack:I1"]
    sid = await raw.channel(b"T:stack:I1", 1)
    other = await raw.channel(b"T:stack:Plain", 2)
    await raw.stream.send(subscribe(sid, 11) + subscribe(sid, 12, 6) + subscribe(other, 13))
    for _ in range(3):
        await raw.until(1)
    assert len(record.listeners) == 2
    await raw.stream.send(HEADER.pack(12, 0, 0, 0, sid, 1))
    await raw.until(12)
    assert not record.listeners
    adapter.apply(update({"I1": 5.0, "Plain": 5.0}))
    assert (await raw.until(1))[4] == 13


async def test_a_cancelled_monitor_is_confirmed_after_its_last_event(
    adapter: ChannelAccessAdapter, raw: RawClient, update: Any
):
    sid = await raw.channel(b"T:stack:I1")
    filtered = await raw.channel(b'T:stack:I1.{"dbnd":{"abs":1.5}}', 2)
    for channel, subscription in ((sid, 11), (filtered, 12)):
        await raw.stream.send(subscribe(channel, subscription))
        await raw.until(1)
        adapter.apply(update({"I1": subscription * 10.0}))
        await raw.stream.send(HEADER.pack(2, 0, 20, 1, channel, subscription))
        while (message := await raw.until(1))[5]:
            assert message[4] == subscription
        assert message[1:5] == (20, 1, channel, subscription)
    adapter.apply(update({"I1": 1.0}))
    await raw.stream.send(HEADER.pack(23, 0, 0, 0, 0, 0))
    assert (await raw.message())[0] == 23


async def test_events_off_holds_back_and_events_on_brings_the_alarm_and_the_newest(
    adapter: ChannelAccessAdapter, raw: RawClient, update: Any
):
    sid = await raw.channel(b"T:stack:I1")
    await raw.stream.send(subscribe(sid, 11, 6))
    await raw.until(1)
    await raw.stream.send(HEADER.pack(8, 0, 0, 0, 0, 0) + HEADER.pack(23, 0, 0, 0, 0, 0))
    await raw.until(23)
    for value, state in ((1.0, State.GOOD), (2.0, State.HIGH_HIGH), (3.0, State.GOOD)):
        adapter.apply(update({"I1": value}, state=state))
        await anyio.lowlevel.checkpoint()
    await raw.stream.send(HEADER.pack(23, 0, 0, 0, 0, 0))
    assert (await raw.message())[0] == 23
    await raw.stream.send(HEADER.pack(9, 0, 0, 0, 0, 0))
    events = [(await raw.message())[5] for _ in range(2)]
    assert [struct.unpack(">d", event)[0] for event in events] == [2.0, 3.0]


async def test_a_client_that_does_not_read_costs_others_nothing(
    adapter: ChannelAccessAdapter, port: int, client: Any, update: Any
):
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.setblocking(False)
        await anyio.to_thread.run_sync(lambda: (stuck.setblocking(True), stuck.connect(("127.0.0.1", port))))
        stuck.sendall(VERSION + create(b"T:stack:I1:Name", 1))
        await anyio.wait_readable(stuck)
        stuck.sendall(b"".join(subscribe(0, number, 32, 256) for number in range(300)))
        await client.monitor("T:stack:Status:Tick")
        record = adapter._records["T:stack:I1:Name"]
        with anyio.fail_after(20):
            while not record.listeners or len(next(iter(record.listeners.values()))) < 300:
                await anyio.lowlevel.checkpoint()
        outbox = next(iter(next(iter(record.listeners.values())))).outbox
        ticks = 0
        while outbox._connection.writable or not outbox.coalesced:
            ticks += 1
            adapter.apply(update({"I1:Name": "n" * (ticks % 200), "Status:Tick": ticks}))
            await client.events("T:stack:Status:Tick", ticks + 1)
        assert len(outbox._pending) <= 300
    with anyio.fail_after(20):
        while record.listeners:
            await anyio.lowlevel.checkpoint()


async def test_leaving_clients_leave_no_log_and_no_task(
    adapter: ChannelAccessAdapter, port: int, caplog: pytest.LogCaptureFixture, update: Any
):
    caplog.set_level(logging.DEBUG)
    record = adapter._records["T:stack:I1"]
    for _ in range(20):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            raw = RawClient(stream)
            await stream.send(VERSION)
            sid = await raw.channel(b"T:stack:I1")
            await stream.send(subscribe(sid, 1))
            await raw.until(1)
    with anyio.fail_after(20):
        while record.listeners:
            await anyio.lowlevel.checkpoint()
    adapter.apply(update({"I1": 1.0}))
    gc.collect()
    assert not [entry for entry in caplog.records if entry.levelno >= logging.INFO]
