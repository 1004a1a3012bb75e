"""Start, stop, start again; ports, garbage, clients that stay or vanish."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from urllib.parse import urlparse

import anyio
import pytest
from asyncua import Client, ua
from asyncua.server.address_space import AddressSpace

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec
from gateway.model.update import Update

Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]
MakeUpdate = Callable[..., Update]
VALUE = "ns=2;s=stack/I1/Value"


def _port(url: str) -> int:
    port = urlparse(url).port
    assert port is not None
    return port


async def _tree(url: str) -> set[str]:
    async with Client(url) as client:
        waiting, found = [client.get_node("ns=2;i=1")], set()
        while waiting:
            node = waiting.pop()
            found.add(node.nodeid.to_string())
            waiting.extend(await node.get_children())
    return found


async def test_three_starts_on_one_port_have_equal_nodes(
    site: SiteSpec, settings: OpcUaSettings, serving: Serving
) -> None:
    adapter, trees, port = OpcUaAdapter(site, settings), [], 0
    for _start in range(3):
        async with serving(adapter) as url:
            trees.append(await _tree(url))
            port = port or _port(url)
            assert _port(url) == port
        assert adapter.endpoints == ()
        adapter = OpcUaAdapter(site, replace(settings, port=port))
    assert trees[0] == trees[1] == trees[2]
    assert len(trees[0]) > sum(len(device.points) for device in site.devices)


async def test_one_adapter_serves_again_with_its_last_values(
    adapter: OpcUaAdapter, serving: Serving, update: MakeUpdate, collector: type[Any]
) -> None:
    async with serving(adapter) as url, Client(url) as client:
        subscription = await client.create_subscription(Limits().shortest_publishing_interval_ms, collector())
        await subscription.subscribe_data_change(client.get_node(VALUE))
        adapter.apply(update())
        await subscription.delete()
    adapter.apply(update(unix_us=5))
    async with serving(adapter) as url, Client(url) as client:
        value = await client.get_node(VALUE).read_data_value()
        assert value.SourceTimestamp == update(unix_us=5).stamp.utc


async def test_taken_port_is_named(url: str, site: SiteSpec, settings: OpcUaSettings) -> None:
    port = _port(url)
    second = OpcUaAdapter(site, replace(settings, port=port))
    with pytest.raises(AdapterError, match=rf"port {port} is in use; .*set another `port`"):
        await second.serve(task_status=anyio.TASK_STATUS_IGNORED)


async def test_foreign_address_is_named(site: SiteSpec, settings: OpcUaSettings) -> None:
    adapter = OpcUaAdapter(site, replace(settings, host="192.0.2.1"))
    with pytest.raises(AdapterError, match=r"opcua 192\.0\.2\.1:0: cannot listen"):
        await adapter.serve(task_status=anyio.TASK_STATUS_IGNORED)


async def test_advertised_host_reaches_clients(site: SiteSpec, settings: OpcUaSettings, serving: Serving) -> None:
    adapter = OpcUaAdapter(site, replace(settings, advertised_host="analysers.example"))
    async with serving(adapter) as url:
        assert url.startswith("opc.tcp://analysers.example:")
        client = Client(url.replace("analysers.example", "127.0.0.1"))
        (endpoint,) = await client.connect_and_get_server_endpoints()
        assert endpoint.EndpointUrl == url
        assert endpoint.Server.DiscoveryUrls == [url]


async def test_cancelling_early_leaves_nothing(adapter: OpcUaAdapter) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await adapter.serve(task_status=anyio.TASK_STATUS_IGNORED)
    assert scope.cancelled_caught
    assert adapter.endpoints == ()


async def test_stopping_tells_subscribers(adapter: OpcUaAdapter, serving: Serving, collector: type[Any]) -> None:
    seen = collector()
    async with serving(adapter) as url:
        client = Client(url)
        await client.connect()
        subscription = await client.create_subscription(Limits().shortest_publishing_interval_ms, seen)
        await subscription.subscribe_data_change(client.get_node(ua.ObjectIds.Server_ServerStatus_State))
        await seen.until_count(1)
    values = await seen.until_count(2)
    client.disconnect_socket()
    await client.disconnect()
    assert [value.Value.Value for value in values] == [ua.ServerState.Running, ua.ServerState.Shutdown]


GARBAGE = [
    b"",
    b"GET / HTTP/1.1\r\n\r\n",
    bytes(range(256)) * 40,
    b"HELF\xff\xff\xff\xff" + b"\0" * 100,
    b"HELF\x20\0\0\0" + b"\xff" * 24,
    b"HELF\x08\0\0\0",
    b"HELF\x03\0\0\0",
    b"MSGF\x18\0\0\0" + b"\0" * 16,
    b"OPNF\x20\0\0\0" + b"\xff" * 24,
    b"CLOF\x10\0\0\0" + b"\0" * 8,
]


async def test_garbage_hurts_nobody(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, collector: type[Any], caplog: pytest.LogCaptureFixture
) -> None:
    seen = collector()
    async with Client(url) as client:
        subscription = await client.create_subscription(Limits().shortest_publishing_interval_ms, seen)
        await subscription.subscribe_data_change(client.get_node(VALUE), queuesize=10)
        await seen.until_count(1)
        with caplog.at_level(logging.WARNING):
            streams = []
            for garbage in GARBAGE:
                stream = await anyio.connect_tcp("127.0.0.1", _port(url))
                streams.append(stream)
                if garbage:
                    await stream.send(garbage)
            adapter.apply(update())
            await seen.until_count(2)
            for stream in streams:
                await stream.aclose()
            async with Client(url) as late:
                assert await late.get_node(VALUE).read_value() == 20.9
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_client_that_vanishes_is_forgotten(
    adapter: OpcUaAdapter, serving: Serving, update: MakeUpdate, collector: type[Any]
) -> None:
    async with serving(adapter) as url:
        client = Client(url)
        await client.connect()
        seen = collector()
        subscription = await client.create_subscription(Limits().shortest_publishing_interval_ms, seen)
        await subscription.subscribe_data_change(client.get_node(VALUE))
        await seen.until_count(1)
        client.uaclient.protocol.transport.abort()
        for _tick in range(20):
            adapter.apply(update())
            await asyncio.sleep(0)
        await client.disconnect()


async def test_client_that_does_not_read_cannot_hold_up_the_stop(
    adapter: OpcUaAdapter, serving: Serving, update: MakeUpdate, collector: type[Any]
) -> None:
    async with serving(adapter) as url:
        client = Client(url)
        await client.connect()
        seen = collector()
        subscription = await client.create_subscription(Limits().shortest_publishing_interval_ms, seen)
        await subscription.subscribe_data_change(client.get_node("ns=2;s=stack/I1/Name"), queuesize=50)
        await seen.until_count(1)
        client.uaclient.protocol.transport.pause_reading()
        for letter in "abcdefghijklmnopqrstuvwxyz":
            adapter.apply(update((1.0, letter * 1_000_000), changed=[1]))
    client.uaclient.protocol.transport.abort()
    await client.disconnect()
    again = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", _port(url))
    again.close()
    await again.wait_closed()


def _address_spaces() -> int:
    gc.collect()
    return sum(isinstance(one, AddressSpace) for one in gc.get_objects())


async def test_nothing_is_left_of_servers_that_have_stopped(adapter: OpcUaAdapter, serving: Serving) -> None:
    before = _address_spaces()
    for _start in range(3):
        async with serving(adapter) as url, Client(url) as client:
            assert await client.get_namespace_array()
    assert _address_spaces() <= before
