"""A client that takes nothing any more, or says nothing from the start, loses its connection."""

from __future__ import annotations

import select
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import anyio
import pytest
from anyio import to_thread

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.limits import Limits
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.network import connection as opcua_connection
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.site_builder import build_site
from tests.northbound import ca_attacks, opcua_attacks
from tests.open_server import OPEN_SETTINGS
from tests.serving import serving

PATIENCE_S = 20.0
MOST = 10_000_000
MakeAdapter = Callable[[SiteSpec], Any]


def opcua(site: SiteSpec) -> OpcUaAdapter:
    return OpcUaAdapter(site, OPEN_SETTINGS)


def channel_access(site: SiteSpec) -> ChannelAccessAdapter:
    limits = Limits(greeting_s=1, untaken_s=1)
    settings = ChannelAccessSettings(prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=(), limits=limits)
    return ChannelAccessAdapter(site, settings)


@pytest.fixture
def site() -> SiteSpec:
    return build_site("plant", [("stack", "", DeviceDescription("", "", {"I1": ChannelSpec("%")}))])


def port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2].partition("/")[0])


def wait_for_end(raw: socket.socket) -> int:
    """Wait, without reading, until the other side has ended the connection; returns what the kernel reports."""
    ended = select.poll()
    ended.register(raw.fileno(), select.POLLRDHUP)
    events = ended.poll(PATIENCE_S * 1000)
    return events[0][1] if events else 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tell that nothing is taken")
async def test_a_client_that_takes_nothing_is_given_up(site: SiteSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcua_connection, "UNREAD_S", 1)
    async with serving(channel_access(site)) as endpoint:
        sent = await to_thread.run_sync(ca_attacks.reads_unread, port_of(endpoint), "T:stack:I1:Name", MOST)
        with closing(ca_attacks.kept.pop()) as raw:
            assert sent < MOST
            assert await to_thread.run_sync(wait_for_end, raw)
    async with serving(opcua(site)) as url:
        asked = await to_thread.run_sync(opcua_attacks.endpoints_unread, port_of(url), MOST)
        with closing(opcua_attacks.kept.pop().socket) as raw:
            assert asked < MOST
            assert await to_thread.run_sync(wait_for_end, raw)


@pytest.mark.parametrize(
    ("make", "beginning"),
    [
        (opcua, b""),
        (opcua, opcua_attacks.hello()[:11]),
        (channel_access, b""),
        (channel_access, ca_attacks.VERSION[:11]),
    ],
)
async def test_a_client_that_does_not_introduce_itself_is_sent_away(
    site: SiteSpec, monkeypatch: pytest.MonkeyPatch, make: MakeAdapter, beginning: bytes
) -> None:
    monkeypatch.setattr(opcua_connection, "HELLO_S", 0.2)
    async with serving(make(site)) as endpoint:
        async with await anyio.connect_tcp("127.0.0.1", port_of(endpoint)) as client:
            if beginning:
                await client.send(beginning)
            with anyio.fail_after(PATIENCE_S), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                while True:
                    await client.receive()
