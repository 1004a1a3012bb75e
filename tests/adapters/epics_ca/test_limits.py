"""What clients are refused beyond the limits, what is counted of it, and that others do not notice."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields, replace
from typing import Any

import anyio
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.limits import MOST_MESSAGE_BYTES, Limits
from gateway.adapters.epics_ca.refusals import Refusal
from gateway.adapters.epics_ca.search_budget import SearchBudget
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.points import SiteSpec
from tests.adapters.epics_ca.conftest import Serving
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient, create, is_ended, subscribe

ALLOCMEM, EVENT_ADD, ERROR, CREATE_FAILED, ECHO = 48, 1, 11, 26, 23
NOT_FOUND = r"(?i)timeout|timed out|disconnected"
OpenLimited = Callable[[Limits], AbstractAsyncContextManager[tuple[ChannelAccessAdapter, int]]]


@pytest.fixture
def limited(site: SiteSpec, settings: ChannelAccessSettings, serving: Serving) -> OpenLimited:
    """Serve with these limits; gives the adapter and its port."""

    @asynccontextmanager
    async def start(limits: Limits) -> AsyncIterator[tuple[ChannelAccessAdapter, int]]:
        adapter = ChannelAccessAdapter(site, replace(settings, limits=limits))
        async with serving(adapter) as port:
            yield adapter, port

    return start


@asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[RawClient]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(VERSION)
        yield RawClient(stream)


async def test_channels_and_monitors_beyond_the_limit_leave_the_others_alone(limited: OpenLimited) -> None:
    async with limited(Limits(channels_per_circuit=2, subscriptions_per_circuit=2)) as (adapter, port):
        async with raw_client(port) as raw:
            sid = await raw.channel(b"T:stack:I1", 1)
            await raw.channel(b"T:stack:Plain", 2)
            await raw.stream.send(create(b"T:stack:I1", 3))
            assert (await raw.until(CREATE_FAILED))[3] == 3
            await raw.stream.send(subscribe(sid, 11) + subscribe(sid, 12) + subscribe(sid, 13) + subscribe(sid, 12))
            error = await raw.until(ERROR)
            status, request = error[4], error[5][:16]
            assert (status >> 3 << 3, HEADER.unpack(request)[5]) == (ALLOCMEM, 13)
            await raw.stream.send(HEADER.pack(2, 0, 20, 1, sid, 11) + subscribe(sid, 14))
            while (event := await raw.until(EVENT_ADD))[4] != 14:
                assert event[4] in {11, 12}
            async with raw_client(port) as other:
                assert await other.channel(b"T:stack:I1") >= 0
        assert adapter.refusals == {Refusal.CHANNEL: 1, Refusal.SUBSCRIPTION: 1}


async def test_circuits_are_bounded_in_all_and_for_each_address(limited: OpenLimited, connect: Any) -> None:
    async with limited(Limits(circuits=3, circuits_per_address=2)) as (adapter, port):
        kept = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(2)]
        for stream in kept:
            assert await stream.receive()
        async with await anyio.connect_tcp("127.0.0.1", port) as one_more:
            assert await is_ended(one_more)
        async with await anyio.connect_tcp("127.0.0.1", port, local_host="127.0.0.3") as neighbour:
            assert await neighbour.receive()
            async with await anyio.connect_tcp("127.0.0.1", port, local_host="127.0.0.4") as too_late:
                assert await is_ended(too_late)
        assert adapter.refusals[Refusal.CIRCUIT] == 2
        for stream in kept:
            await stream.aclose()
        async with connect(port) as client:
            await client.get("T:stack:I1")


@pytest.mark.parametrize("size", [17_000, 0xFFFF_FFFF])
async def test_a_request_that_is_too_large_ends_only_its_own_circuit(limited: OpenLimited, size: int) -> None:
    oversized = HEADER.pack(18, 0xFFFF, 0, 0, 1, 13) + struct.pack(">II", size, 1)
    async with limited(Limits(message_bytes=16_384)) as (adapter, port):
        async with raw_client(port) as raw, raw_client(port) as other:
            await raw.stream.send(oversized + bytes(100))
            assert await is_ended(raw.stream)
            assert await other.channel(b"T:stack:I1") >= 0
        assert adapter.refusals == {Refusal.OVERSIZED: 1}


async def test_who_has_no_channel_must_say_something_now_and_then(limited: OpenLimited) -> None:
    async with limited(Limits(idle_s=1.0)) as (adapter, port):
        async with raw_client(port) as idle, raw_client(port) as talks, raw_client(port) as has_a_channel:
            sid = await has_a_channel.channel(b"T:stack:I1")
            with anyio.fail_after(20):
                ended = False
                while not ended:
                    await talks.stream.send(HEADER.pack(ECHO, 0, 0, 0, 0, 0))
                    assert (await talks.until(ECHO))[0] == ECHO
                    with anyio.move_on_after(0.1):
                        ended = await is_ended(idle.stream)
            await has_a_channel.stream.send(HEADER.pack(ECHO, 0, 0, 0, 0, 0))
            assert (await has_a_channel.until(ECHO))[0] == ECHO
            assert adapter.refusals == {Refusal.SILENT: 1}
            await has_a_channel.stream.send(HEADER.pack(12, 0, 0, 0, sid, 1))
            assert await is_ended(has_a_channel.stream)


async def test_a_client_that_searches_by_tcp_comes_back_after_it_was_idle(limited: OpenLimited, connect: Any) -> None:
    async with limited(Limits(idle_s=1.0)) as (adapter, port):
        by_tcp = {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": f"127.0.0.1:{port}"}
        async with connect(port, EPICS_CA_SERVER_PORT="1", **by_tcp) as client:
            with pytest.raises(RuntimeError, match=NOT_FOUND):
                await client.get("T:elsewhere:I1", timeout=0.2)
            with anyio.fail_after(20):
                while not adapter.refusals[Refusal.SILENT]:  # noqa: ASYNC110  a counter tells nobody
                    await anyio.sleep(0.05)
            await client.get("T:stack:Plain")


async def test_searches_beyond_the_rate_are_not_looked_at(limited: OpenLimited, connect: Any) -> None:
    name = HEADER.pack(6, 16, 5, 13, 7, 7) + b"T:stack:I1".ljust(16, b"\0")
    async with limited(Limits(search_datagrams_per_s=20)) as (adapter, port):
        with socket.socket(type=socket.SOCK_DGRAM) as flood:
            for _ in range(100):
                flood.sendto(VERSION + name, ("127.0.0.1", port))
        async with await anyio.create_udp_socket(local_host="127.0.0.5") as neighbour:
            answer = b""
            with anyio.fail_after(20):
                while not answer:
                    await neighbour.sendto(VERSION + name, "127.0.0.1", port)
                    with anyio.move_on_after(0.2):
                        answer, _ = await neighbour.receive()
        assert HEADER.unpack_from(answer, HEADER.size)[0] == 6
        assert adapter.refusals[Refusal.SEARCH] >= 50
        async with connect(port) as client:
            await client.get("T:stack:I1")


async def test_ignored_addresses_get_no_answer_to_searches(
    limited: OpenLimited, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPICS_CAS_IGNORE_ADDR_LIST", "127.0.0.1")
    async with limited(Limits()) as (_adapter, port):
        async with connect(port) as client:
            with pytest.raises(RuntimeError, match=NOT_FOUND):
                await client.get("T:stack:I1", timeout=0.5)
        async with connect(port, EPICS_CA_ADDR_LIST="", EPICS_CA_NAME_SERVERS=f"127.0.0.1:{port}") as client:
            await client.get("T:stack:I1")


def test_the_budget_of_searches_is_refilled_and_shared() -> None:
    now = 0.0
    budget = SearchBudget(10, lambda: now)
    assert [budget.take("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert [budget.take("b") for _ in range(7)] == [True] * 5 + [False] * 2
    assert not budget.take("c")
    now += 0.2
    assert [budget.take("a") for _ in range(3)] == [True, False, False]
    now += 60
    assert [budget.take(f"spoofed {number}") for number in range(12)] == [True] * 10 + [False] * 2


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        Limits(**{name: 0})


@pytest.mark.parametrize("size", [1000, MOST_MESSAGE_BYTES + 1])
def test_a_message_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="message_bytes must be 16384 to 1048576"):
        Limits(message_bytes=size)
