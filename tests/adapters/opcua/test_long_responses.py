"""Responses longer than one chunk, and longer than a client takes: BadResponseTooLarge, and the connection goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import ServiceError
from asyncua.ua.ua_binary import uatcp_to_binary
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.network.hello import LEAST_BUFFER_BYTES, MOST_RESPONSE_BYTES, meet
from gateway.adapters.opcua.network.listener import CHUNK_BYTES
from gateway.model.points import SiteSpec
from tests.adapters.opcua.arrays import NODES, OTHER, RMS, SITE, WAVE, block, update
from tests.adapters.opcua.conftest import Collector

MEBIBYTE = 1024 * 1024
VALUE = ua.AttributeIds.Value


@pytest.fixture
def site() -> SiteSpec:
    return SITE


@dataclass(frozen=True)
class Taking:
    """What a client takes in one response; 0 for anything."""

    message: int = 0
    chunks: int = 0
    session: int = 0
    buffer: int = CHUNK_BYTES


@pytest.fixture
def taking(url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Taking], Any]:
    """A client that says what it takes."""

    @asynccontextmanager
    async def connected(what: Taking) -> AsyncIterator[Client]:
        async def say_hello(protocol: UASocketProtocol, url: str, *_sizes: int) -> ua.Acknowledge:
            hello = ua.Hello(0, what.buffer, what.buffer, what.message, what.chunks, url)
            acknowledged: asyncio.Future[ua.Acknowledge] = asyncio.Future()
            protocol._callbackmap[0] = acknowledged
            assert protocol.transport is not None
            protocol.transport.write(uatcp_to_binary(ua.MessageType.Hello, hello))
            return await asyncio.wait_for(acknowledged, 20)

        monkeypatch.setattr(UASocketProtocol, "send_hello", say_hello)
        client = Client(url, timeout=20)
        create = client.uaclient.create_session

        async def create_session(parameters: ua.CreateSessionParameters) -> ua.CreateSessionResult:
            parameters.MaxResponseMessageSize = what.session
            return await create(parameters)

        monkeypatch.setattr(client.uaclient, "create_session", create_session)
        async with client:
            yield client

    return connected


async def _read(client: Client, *places: int) -> list[Any]:
    items = [ua.ReadValueId(ua.NodeId.from_string(NODES[place]), VALUE) for place in places]
    return [data.Value.Value for data in await client.uaclient.read(ua.ReadParameters(NodesToRead=items))]


async def test_a_long_response_comes_in_chunks_as_small_as_the_client_wants(
    adapter: OpcUaAdapter, taking: Callable[[Taking], Any]
) -> None:
    adapter.apply(update(4))
    async with taking(Taking(buffer=LEAST_BUFFER_BYTES)) as client:
        limits = client.uaclient.protocol._connection._limits
        assert (limits.max_recv_buffer, limits.max_send_buffer) == (LEAST_BUFFER_BYTES, LEAST_BUFFER_BYTES)
        limits.max_chunk_count = 0  # asyncua takes the limits of requests for those of responses
        assert await _read(client, WAVE) == [block(4).tolist()]


SMALL = [
    pytest.param(Taking(message=100_000), id="MaxMessageSize"),
    pytest.param(Taking(chunks=2), id="MaxChunkCount"),
    pytest.param(Taking(session=100_000), id="MaxResponseMessageSize"),
]


@pytest.mark.parametrize("what", SMALL)
async def test_what_a_client_does_not_take_is_refused_and_nothing_else(
    adapter: OpcUaAdapter, taking: Callable[[Taking], Any], what: Taking, collector: type[Collector]
) -> None:
    adapter.apply(update(1))
    async with taking(what) as client:
        with pytest.raises(ua.uaerrors.BadResponseTooLarge):
            await _read(client, RMS, WAVE)
        assert await _read(client, RMS) == [1.0]
        seen = collector()
        subscription = await client.create_subscription(50, seen)
        await subscription.subscribe_data_change([client.get_node(NODES[place]) for place in (WAVE, RMS, OTHER)])
        first = await seen.until_count(3)
        for index in range(2, 5):
            adapter.apply(update(index))
            await seen.until_count(3 * index)
        assert sorted(data.StatusCode.name for data in first[:3]) == ["BadResponseTooLarge"] * 2 + ["Good"]
        scalars = [data.Value.Value for data in seen.values if data.Value.Value is not None]
        assert scalars == [1.0, 2.0, 3.0, 4.0]
        assert await _read(client, RMS) == [4.0]


async def test_a_client_without_a_limit_gets_as_much_as_it_may_send(
    url: str, adapter: OpcUaAdapter, collector: type[Collector]
) -> None:
    """Two blocks are longer than one message that asyncua takes; a subscription sends them one by one."""
    adapter.apply(update(1))
    async with Client(url) as client:
        with pytest.raises(ua.uaerrors.BadResponseTooLarge):
            await _read(client, WAVE, OTHER)
        seen = collector()
        subscription = await client.create_subscription(50, seen)
        await subscription.subscribe_data_change([client.get_node(NODES[place]) for place in (WAVE, OTHER, RMS)])
        await seen.until_count(3)
        assert sorted(str(data.Value.Value)[:20] for data in seen.values) == sorted(
            str(value)[:20] for value in (block(1).tolist(), block(1001).tolist(), 1.0)
        )


async def test_a_client_that_takes_more_gets_more(adapter: OpcUaAdapter, taking: Callable[[Taking], Any]) -> None:
    adapter.apply(update(1))
    async with taking(Taking(message=4 * MEBIBYTE)) as client:
        limits = client.uaclient.protocol._connection._limits
        limits.max_chunk_count = limits.max_message_size = 0
        assert await _read(client, WAVE, OTHER) == [block(1).tolist(), block(1001).tolist()]
        with pytest.raises(ua.uaerrors.BadResponseTooLarge):
            await _read(client, *[WAVE] * 10)


async def test_a_buffer_that_is_too_small_is_refused(taking: Callable[[Taking], Any]) -> None:
    with pytest.raises((ConnectionError, ua.UaError)):
        async with taking(Taking(buffer=LEAST_BUFFER_BYTES - 1)):
            pass


SIZES = st.integers(0, 2**32 - 1)


@given(receive=SIZES, send=SIZES, message=SIZES, chunks=SIZES, kbyte=st.integers(1, 65_536))
def test_whatever_a_client_says(receive: int, send: int, message: int, chunks: int, kbyte: int) -> None:
    own = TransportLimits(CHUNK_BYTES, CHUNK_BYTES, 1, Limits(message_kbyte=kbyte).message_bytes)
    hello = ua.Hello(0, receive, send, message, chunks, "opc.tcp://somewhere")
    if min(receive, send) < LEAST_BUFFER_BYTES:
        with pytest.raises(ServiceError):
            meet(hello, own)
        return
    agreed, taken = meet(hello, own)
    acknowledged = own.create_acknowledge_and_set_limits(agreed)
    assert acknowledged.SendBufferSize <= min(receive, CHUNK_BYTES)
    assert acknowledged.ReceiveBufferSize <= min(send, CHUNK_BYTES)
    assert (acknowledged.MaxMessageSize, own.max_message_size) == (kbyte * 1024, kbyte * 1024)
    body = own.max_recv_buffer - 512
    assert acknowledged.MaxChunkCount * body >= kbyte * 1024
    longest = taken.longest(body)
    assert 0 < longest <= MOST_RESPONSE_BYTES
    assert not message or longest <= message
    assert not chunks or longest <= chunks * body
