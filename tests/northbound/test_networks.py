"""Channel Access across networks that are not one friendly LAN: UDP blocked, several gateways on one host."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Network

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.adapters.epics_ca import server as ca_server_module
from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.site_builder import build_site
from tests.clients.libca import LibcaProcess, connected
from tests.northbound.ca_server import VALUE
from tests.northbound.namespaces import Host, hosts, impossible
from tests.ports import free_port
from tests.serving import serving

WHY_NOT = impossible()
needs_namespaces = pytest.mark.skipif(
    bool(WHY_NOT), reason=f"no network namespaces here ({WHY_NOT}); only loopback was tried"
)
SERVER, OTHER_SERVER, CLIENT, BROADCAST = "10.77.0.1", "10.77.0.2", "10.77.0.9", "10.77.0.255"
FAR_CLIENT, INNER_HOP, OUTER_HOP = "10.78.0.9", "10.77.0.254", "10.78.0.254"
PORT, OTHER_PORT = 5064, 5066
UNKNOWN = r"(?i)timeout|timed out|disconnected"


def options(interface: str, port: int) -> str:
    return json.dumps({"interfaces": [interface], "port": port})


@asynccontextmanager
async def one_network() -> AsyncIterator[tuple[Host, Host]]:
    """A host with two addresses for gateways, and a client's host in the same network."""
    async with hosts(2) as (server, client):
        await server.join("lan", client, "lan")
        for address in (SERVER, OTHER_SERVER):
            await server.run(f"ip address add {address}/24 brd + dev lan")
        await client.run(f"ip address add {CLIENT}/24 brd + dev lan")
        yield server, client


@asynccontextmanager
async def udp_blocked() -> AsyncIterator[tuple[Host, Host]]:
    """A gateway's host and a client's, and between them a router that lets no UDP through and tells nobody."""
    async with hosts(3) as (server, router, client):
        inside, outside = ("inside", server, SERVER, INNER_HOP), ("outside", client, FAR_CLIENT, OUTER_HOP)
        for name, host, address, hop in (inside, outside):
            await router.join(name, host, "lan")
            await router.run(f"ip address add {hop}/24 brd + dev {name}")
            await host.run(f"ip address add {address}/24 brd + dev lan; ip route add default via {hop}")
        await router.run("echo 1 > /proc/sys/net/ipv4/ip_forward; ip rule add ipproto udp blackhole")
        yield server, client


@asynccontextmanager
async def client_on(host: Host, **variables: str) -> AsyncIterator[LibcaProcess]:
    async with connected(PORT, within=host.within, **variables) as client:
        yield client


@needs_namespaces
async def test_name_servers_suffice_where_udp_is_blocked() -> None:
    async with (
        udp_blocked() as (server, client_host),
        server.serving("A", options(SERVER, PORT)),
        server.serving("B", options(SERVER, OTHER_PORT)),
    ):
        async with client_on(client_host, EPICS_CA_ADDR_LIST=SERVER) as by_udp:
            with pytest.raises(RuntimeError, match=UNKNOWN):  # else UDP is not blocked, and the rest shows nothing
                await by_udp.get("A:I1", timeout=1)
        name_servers = f"{SERVER}:{PORT} {SERVER}:{OTHER_PORT}"
        async with client_on(client_host, EPICS_CA_ADDR_LIST="", EPICS_CA_NAME_SERVERS=name_servers) as by_tcp:
            assert (await by_tcp.monitor("A:I1"))["value"] == VALUE
            assert (await by_tcp.get("B:I1"))["value"] == VALUE


@needs_namespaces
async def test_broadcasts_reach_gateways_with_an_address_each() -> None:
    async with one_network() as (server, client_host):
        async with (
            server.serving("A", options(SERVER, PORT)),
            server.serving("B", "{}", {"EPICS_CAS_INTF_ADDR_LIST": OTHER_SERVER, "EPICS_CA_SERVER_PORT": str(PORT)}),
            client_on(client_host, EPICS_CA_ADDR_LIST=BROADCAST) as client,
        ):
            assert [(await client.get(pv))["value"] for pv in ("A:I1", "B:I1")] == [VALUE, VALUE]


@needs_namespaces
async def test_gateways_on_one_address_are_told_apart_by_their_ports() -> None:
    async with one_network() as (server, client_host):
        async with (
            server.serving("A", options(SERVER, PORT)),
            server.serving("B", options(SERVER, OTHER_PORT)),
        ):
            by_broadcast = {"EPICS_CA_ADDR_LIST": f"{BROADCAST}:{PORT} {BROADCAST}:{OTHER_PORT}"}
            by_address = {"EPICS_CA_ADDR_LIST": f"{SERVER}:{PORT} {SERVER}:{OTHER_PORT}"}
            by_tcp = {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": f"{SERVER}:{PORT} {SERVER}:{OTHER_PORT}"}
            for search in (by_broadcast, by_address, by_tcp):
                async with client_on(client_host, **search) as client:
                    assert [(await client.get(pv))["value"] for pv in ("A:I1", "B:I1")] == [VALUE, VALUE]
            async with client_on(client_host, EPICS_CA_ADDR_LIST=BROADCAST) as client:
                assert (await client.get("A:I1"))["value"] == VALUE
                with pytest.raises(RuntimeError, match=UNKNOWN):
                    await client.get("B:I1", timeout=1)


BEACONS = """
import socket
heard = set()
with socket.socket(type=socket.SOCK_DGRAM) as listener:
    listener.bind(("", 5065))
    listener.settimeout(20)
    print("listening", flush=True)
    while len(heard) < 2:
        beacon, (sender, _) = listener.recvfrom(100)
        heard.add((sender, beacon[:2], beacon[6:8]))
print(sorted(heard))
"""


@needs_namespaces
async def test_beacons_come_from_the_address_that_they_tell_of() -> None:
    async with one_network() as (server, client_host):
        async with await anyio.open_process([*client_host.within, sys.executable, "-c", BEACONS]) as listener:
            assert listener.stdout is not None
            lines = BufferedByteReceiveStream(listener.stdout)
            assert await lines.receive_until(b"\n", 100) == b"listening"
            both = json.dumps({"interfaces": [SERVER, OTHER_SERVER], "port": PORT})
            async with server.serving("A", both):
                with anyio.fail_after(30):
                    heard = await lines.receive_until(b"\n", 1000)
    up, port = (13).to_bytes(2, "big"), PORT.to_bytes(2, "big")
    assert heard.decode() == str([(SERVER, up, port), (OTHER_SERVER, up, port)])


def gateway(name: str, interface: str, port: int) -> ChannelAccessAdapter:
    site = build_site("plant", [(name, "", DeviceDescription("", "", {"I1": ChannelSpec("%")}))])
    return ChannelAccessAdapter(site, ChannelAccessSettings(interfaces=(interface,), port=port, beacons=()))


async def names_seen(port: int, **search: str) -> list[str]:
    async with connected(port, **search) as client:
        return [(await client.get(f"{name}:I1:Name", timeout=20))["name"] for name in ("A", "B")]


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is an address of this machine on Linux alone")
async def test_gateways_with_a_loopback_address_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ca_server_module, "connected_networks", lambda: [IPv4Network("127.0.0.0/8")])
    port, wanted = free_port(), ["A:I1:Name", "B:I1:Name"]
    async with serving(gateway("A", "127.0.0.2", port)), serving(gateway("B", "127.0.0.3", port)):
        assert await names_seen(port, EPICS_CA_ADDR_LIST="127.255.255.255") == wanted
        assert await names_seen(port, EPICS_CA_ADDR_LIST="127.0.0.2 127.0.0.3") == wanted
        name_servers = f"127.0.0.2:{port} 127.0.0.3:{port}"
        assert await names_seen(1, EPICS_CA_ADDR_LIST="", EPICS_CA_NAME_SERVERS=name_servers) == wanted


async def test_gateways_with_a_port_each_on_loopback() -> None:
    first, second = free_port(), free_port()
    async with serving(gateway("A", "127.0.0.1", first)), serving(gateway("B", "127.0.0.1", second)):
        both = f"127.0.0.1:{first} 127.0.0.1:{second}"
        for search in ({"EPICS_CA_ADDR_LIST": both}, {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": both}):
            assert await names_seen(1, **search) == ["A:I1:Name", "B:I1:Name"]
