"""Two gateways with the same names on loopback: the second one asks before it serves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.broadcasts import connected_networks
from gateway.adapters.epics_ca.client_addresses import SearchPlaces, search_places
from gateway.adapters.epics_ca.duplicate_names import MOST_NAMES, find_elsewhere, look_for_duplicates, sample
from gateway.adapters.epics_ca.search_messages import MOST_BYTES, answers, datagrams, search
from gateway.adapters.epics_ca.settings import ChannelAccessSettings, DuplicateNames
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec
from tests.clients.libca import connected
from tests.ports import free_port

Serving = Callable[..., Any]


@pytest.fixture(params=["EPICS_CA_ADDR_LIST", "EPICS_CA_NAME_SERVERS"])
def look_at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let clients, and so the gateway, search at one port alone, by datagram or by name server."""

    def set_variables(port: int) -> None:
        monkeypatch.setenv("EPICS_CA_ADDR_LIST", "")
        monkeypatch.setenv(request.param, f"127.0.0.1:{port}")

    return set_variables


async def test_the_second_gateway_warns_and_serves(
    site: SiteSpec,
    settings: ChannelAccessSettings,
    serving: Serving,
    look_at: Callable[[int], None],
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.WARNING, "gateway")
    async with serving(ChannelAccessAdapter(site, settings)) as first:
        look_at(first)
        async with serving(ChannelAccessAdapter(site, settings)) as second, connected(second) as client:
            with anyio.fail_after(20):
                while not caplog.messages:  # noqa: ASYNC110  a log tells nobody
                    await anyio.sleep(0.05)
            (warning,) = caplog.messages
            assert "6 of 6 PV names searched for are served elsewhere as well" in warning
            assert f"T:stack:I1 at 127.0.0.1:{first}" in warning
            assert "and 1 more" in warning
            await client.get("T:stack:I1")
        caplog.clear()
        await look_for_duplicates(["T:stack:I1"], DuplicateNames.IGNORE, free_port())
        await look_for_duplicates(["OTHER:stack:I1"], DuplicateNames.WARN, free_port())
        assert not caplog.records


async def test_the_second_gateway_does_not_start(
    site: SiteSpec, settings: ChannelAccessSettings, serving: Serving, look_at: Callable[[int], None]
):
    strict = replace(settings, duplicate_names=DuplicateNames.REFUSE)
    async with serving(ChannelAccessAdapter(site, strict)) as first:
        look_at(first)
        async with serving(ChannelAccessAdapter(site, replace(strict, prefix="OTHER:"))):
            pass
        second = ChannelAccessAdapter(site, strict)
        with pytest.raises(BaseExceptionGroup) as caught:
            async with serving(second):
                pass
        assert caught.group_contains(AdapterError, match=f"T:stack:I1 at 127.0.0.1:{first}")
        async with connected(first) as client:
            await client.get("T:stack:I1")


async def test_what_is_remembered_of_this_server_is_no_duplicate(
    site: SiteSpec, settings: ChannelAccessSettings, serving: Serving
):
    async with serving(ChannelAccessAdapter(site, settings)) as port:
        places = SearchPlaces((("127.0.0.1", port),), (("127.0.0.1", port), ("127.0.0.1", free_port())))
        names = ["T:stack:I1", "T:nothing"]
        assert await find_elsewhere(names, places, free_port()) == {"T:stack:I1": f"127.0.0.1:{port}"}
        assert await find_elsewhere(names, places, port) == {}


async def test_where_nobody_listens_nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.adapters.epics_ca.duplicate_names.PATIENCE_S", 3600.0)
    monkeypatch.setattr("gateway.adapters.epics_ca.duplicate_names._SECOND_ROUND_S", 3600.0)
    deaf = (("127.0.0.1", free_port()),)
    assert await find_elsewhere(["A"], SearchPlaces(deaf, deaf), 0) == {}


async def test_it_searches_where_clients_of_this_host_would():
    variables = {
        "EPICS_CA_ADDR_LIST": "127.0.0.1 127.0.0.2:6001  127.0.0.1:5064 127.0.0.1:port no..host",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_NAME_SERVERS": "127.0.0.3",
    }
    places = await search_places(variables)
    assert places == SearchPlaces((("127.0.0.1", 5064), ("127.0.0.2", 6001)), (("127.0.0.3", 5064),))
    moved = await search_places({**variables, "EPICS_CA_SERVER_PORT": "7000"})
    assert moved.datagram[0] == ("127.0.0.1", 7000)
    assert moved.name_servers == (("127.0.0.3", 7000),)
    everywhere = await search_places({"EPICS_CA_SERVER_PORT": "7000"})
    networks = connected_networks()
    assert everywhere.datagram == tuple({(str(network.broadcast_address), 7000): None for network in networks})


@given(st.lists(st.integers(), unique=True, max_size=2000), st.integers(1, 50))
def test_a_sample_is_bounded_and_evenly_spread(numbers: list[int], most: int):
    names = [str(number) for number in numbers]
    some = sample(names, most)
    assert len(some) <= most
    assert some == names[:: max(1, -(-len(names) // most))]


def test_thousands_of_names_take_few_datagrams():
    names = [f"SITE:analyser{number:05}:I1:{'x' * 40}" for number in range(10_000)]
    sent = list(datagrams([search(name, channel) for channel, name in enumerate(sample(names))]))
    assert len(sent) <= 20
    assert all(len(datagram) <= MOST_BYTES for datagram in sent)
    assert sum(datagram.count(b"SITE:") for datagram in sent) == MOST_NAMES


@given(st.binary(max_size=200))
def test_no_answer_breaks_the_search(data: bytes):
    found, rest = answers(data, "10.0.0.1")
    assert len(rest) <= len(data)
    assert all(0 <= port <= 65535 for _channel, _host, port in found)
