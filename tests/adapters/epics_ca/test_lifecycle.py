"""Start, stop and start again: ports, end of connections, names servers, environment."""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import psutil
import pytest
from anyio.abc import TaskStatus

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec
from gateway.model.quality import State


async def test_it_can_start_again_in_the_same_loop(
    adapter: ChannelAccessAdapter, serving: Any, connect: Any, update: Any
):
    for value in (1.0, 2.0, 3.0):
        async with serving(adapter) as port, connect(port) as client:
            assert adapter.endpoints == (f"127.0.0.1:{port}",)
            adapter.apply(update({"I1": value}))
            assert (await client.monitor("T:stack:I1"))["value"] == value
        assert adapter.endpoints == ()
        assert not any(record.listeners for record in adapter._records.values())


@asynccontextmanager
async def stoppable(adapter: ChannelAccessAdapter) -> AsyncIterator[tuple[int, anyio.CancelScope]]:
    """Port of a server, and the scope that ends it."""
    scope = anyio.CancelScope()

    async def run(*, task_status: TaskStatus[None]) -> None:
        with scope:
            await adapter.serve(task_status=task_status)

    async with anyio.create_task_group() as tasks:
        await tasks.start(run)
        yield int(adapter.endpoints[0].rpartition(":")[2]), scope
        scope.cancel()


async def test_clients_see_the_last_state_and_then_the_end(adapter: ChannelAccessAdapter, connect: Any, update: Any):
    async with stoppable(adapter) as (port, scope), connect(port) as client:
        await client.monitor("T:stack:I1", format="TIME")
        adapter.apply(update({"I1": 1.0}))
        await client.events("T:stack:I1", 2)
        adapter.apply(update({"I1": 1.0}, state=State.STOPPED))
        scope.cancel()
        events = await client.events("T:stack:I1", 4)
    assert (events[2]["status"], events[2]["severity"]) == (9, 3)
    assert events[3]["ok"] is False


async def test_cancellation_is_passed_on_and_raw_connections_end(adapter: ChannelAccessAdapter):
    async with stoppable(adapter) as (port, scope), await anyio.connect_tcp("127.0.0.1", port) as stream:
        command, size, _, version, *_ = struct.unpack(">HHHHII", await stream.receive())
        assert (command, size, version) == (0, 0, 13)  # the server speaks first
        scope.cancel()
        with anyio.fail_after(10), pytest.raises(anyio.EndOfStream):
            await stream.receive()
    assert scope.cancelled_caught


async def test_any_number_of_runs_leaves_nothing_behind(adapter: ChannelAccessAdapter):
    process = psutil.Process()
    before = None
    for _ in range(30):
        async with stoppable(adapter) as (port, scope), await anyio.connect_tcp("127.0.0.1", port) as stream:
            assert await stream.receive()
            scope.cancel()
            with anyio.fail_after(10), pytest.raises(anyio.EndOfStream):
                await stream.receive()
        before = process.num_fds() if before is None else before
    assert process.num_fds() <= before


async def test_a_taken_port_is_an_error_and_never_another_port(site: SiteSpec):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        settings = ChannelAccessSettings(interfaces=("127.0.0.1",), port=taken, beacons=())
        with pytest.raises(AdapterError, match=f"port {taken} is in use"):
            await ChannelAccessAdapter(site, settings).serve(task_status=anyio.TASK_STATUS_IGNORED)


async def test_an_address_of_another_machine_is_an_error(site: SiteSpec):
    settings = ChannelAccessSettings(interfaces=("192.0.2.1",), port=0, beacons=())
    with pytest.raises(AdapterError, match=r"192\.0\.2\.1.*cannot listen"):
        await ChannelAccessAdapter(site, settings).serve(task_status=anyio.TASK_STATUS_IGNORED)


async def test_the_environment_fills_in_what_settings_leave_out(
    site: SiteSpec, serving: Any, monkeypatch: pytest.MonkeyPatch, unused_port: int
):
    monkeypatch.setenv("EPICS_CAS_INTF_ADDR_LIST", "127.0.0.1")
    monkeypatch.setenv("EPICS_CA_SERVER_PORT", str(unused_port))
    async with serving(ChannelAccessAdapter(site, ChannelAccessSettings(beacons=()))) as port:
        assert port == unused_port
    monkeypatch.setenv("EPICS_CA_SERVER_PORT", "many")
    with pytest.raises(AdapterError, match="EPICS_CA_SERVER_PORT"):
        await ChannelAccessAdapter(site, ChannelAccessSettings(beacons=())).serve(task_status=anyio.TASK_STATUS_IGNORED)


async def test_name_servers_alone_are_enough(adapter: ChannelAccessAdapter, port: int, connect: Any, update: Any):
    adapter.apply(update({"I1": 20.9}))
    searches_by_tcp = {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": f"127.0.0.1:{port}"}
    async with connect(port, EPICS_CA_SERVER_PORT="1", **{**searches_by_tcp, "EPICS_CA_ADDR_LIST": ""}) as client:
        assert (await client.get("T:stack:I1"))["value"] == 20.9
        assert (await client.monitor("T:stack:I1:Name"))["value"] == ""
        with pytest.raises(RuntimeError, match=r"(?i)timeout|disconnected"):
            await client.get("T:stack:I9", timeout=0.3)


async def test_a_client_that_knows_only_a_name_server_comes_back_after_a_restart(
    site: SiteSpec, serving: Any, connect: Any, update: Any, unused_port: int
):
    settings = ChannelAccessSettings(prefix="T:", interfaces=("127.0.0.1",), port=unused_port, beacons=())
    by_tcp = {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": f"127.0.0.1:{unused_port}"}
    async with connect(unused_port, EPICS_CA_SERVER_PORT="1", **by_tcp) as client:
        first = ChannelAccessAdapter(site, settings)
        async with serving(first):
            first.apply(update({"I1": 1.0}))
            assert (await client.monitor("T:stack:I1"))["value"] == 1.0
        second = ChannelAccessAdapter(site, settings)
        second.apply(update({"I1": 2.0}))
        async with serving(second):
            events = await client.events("T:stack:I1", 3)
    assert [event["ok"] for event in events] == [True, False, True]
    assert events[2]["value"] == 2.0


async def test_beacons_tell_of_the_server(site: SiteSpec, serving: Any, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with await anyio.create_udp_socket(local_host="127.0.0.1") as listener:
        heard = listener.extra(anyio.abc.SocketAttribute.local_port)
        settings = ChannelAccessSettings(
            interfaces=("127.0.0.1",), port=0, beacons=(f"127.0.0.1:{heard}", "127.0.0.1:9")
        )
        async with serving(ChannelAccessAdapter(site, settings)) as port:
            with anyio.fail_after(10):
                beacons = [await listener.receive() for _ in range(3)]
    for number, (beacon, _sender) in enumerate(beacons):
        assert beacon[:2] == (13).to_bytes(2, "big")
        assert int.from_bytes(beacon[6:8], "big") == port
        assert int.from_bytes(beacon[8:12], "big") == number
    assert not [record for record in caplog.records if record.name.startswith("caproto")]


async def test_a_tick_never_waits_for_the_client_to_have_taken_the_one_before(
    adapter: ChannelAccessAdapter, serving: Any, connect: Any
):
    async with serving(adapter) as port, connect(port) as client:
        await client.get("T:stack:I1")
        assert adapter._server is not None
        (circuit,) = adapter._server.circuits
        peer = circuit._connection._transport.get_extra_info("socket")
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
