"""What can be found without a session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asyncua import Client, ua

from tests.adapters.opcua.recording_desk import channel

BINARY = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"
XML = "http://opcfoundation.org/UA-Profile/Transport/https-uasoapxml"


@asynccontextmanager
async def _without_session(url: str) -> AsyncIterator[Client]:
    async with channel(Client(url)) as client:
        yield client


async def test_endpoints_by_their_transport(url: str) -> None:
    async with _without_session(url) as client:
        for wanted, found in (([], True), ([BINARY], True), ([XML, BINARY], True), ([XML], False), ([""], False)):
            endpoints = await client.uaclient.get_endpoints(ua.GetEndpointsParameters(url, [], wanted))
            assert bool(endpoints) == found, wanted
            assert {one.TransportProfileUri for one in endpoints} <= {BINARY}


async def test_this_server_is_found_by_its_own_name_alone(url: str) -> None:
    async with _without_session(url) as client:
        (server,) = await client.uaclient.find_servers(ua.FindServersParameters(EndpointUrl=url))
        assert server.ApplicationType == ua.ApplicationType.Server
        assert server.DiscoveryUrls == [url]
        own = server.ApplicationUri
        for wanted, found in (([own], 1), (["urn:other", own], 1), (["urn:other"], 0), ([own.partition(":")[0]], 0)):
            servers = await client.uaclient.find_servers(ua.FindServersParameters(url, [], wanted))
            assert len(servers) == found, wanted


async def test_nobody_can_put_another_server_on_the_list(url: str) -> None:
    registered = ua.RegisteredServer(ServerUri="urn:evil", ServerNames=[ua.LocalizedText("evil")], IsOnline=True)
    async with _without_session(url) as client:
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.register_server(registered)
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.register_server2(ua.RegisterServer2Parameters(Server=registered))
        assert len(await client.uaclient.find_servers(ua.FindServersParameters(EndpointUrl=url))) == 1


async def test_services_that_do_not_exist_need_no_session_to_be_refused(url: str) -> None:
    async with _without_session(url) as client:
        for request in (
            ua.FindServersOnNetworkRequest(),
            ua.CancelRequest(),
            ua.QueryFirstRequest(),
            ua.AddNodesRequest(),
        ):
            with pytest.raises(ua.uaerrors.BadServiceUnsupported):
                await client.uaclient.protocol.send_request(request)
        with pytest.raises(ua.uaerrors.BadSessionIdInvalid):
            await client.uaclient.protocol.send_request(ua.ReadRequest())
