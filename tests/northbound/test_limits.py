"""What one client may ask for: enough for any honest one, and never without end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.site_builder import build_site
from tests.northbound.opcua_attacks import Deaf
from tests.open_server import OPEN_SETTINGS
from tests.serving import serving

CHANNELS = {"I1": ChannelSpec("%")}
TICK = "ns=2;s=stack/Status/Tick"


@pytest.fixture
def site() -> SiteSpec:
    return build_site("plant", [("stack", "", DeviceDescription("", "", CHANNELS))])


async def test_operations_of_one_request_are_bounded_before_they_are_decoded(site: SiteSpec) -> None:
    async with serving(OpcUaAdapter(site, OPEN_SETTINGS)) as url, Client(url) as client:
        limits = client.get_node(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)
        assert await limits.read_value() == Limits().operations
        node = client.get_node(TICK)
        too_many = Limits().operations + 1
        with pytest.raises(ua.uaerrors.BadTooManyOperations):
            await client.uaclient.read_attributes([node.nodeid] * too_many, ua.AttributeIds.Value)
        with pytest.raises(ua.uaerrors.BadTooManyOperations):
            await client.uaclient.browse(ua.BrowseParameters(NodesToBrowse=[ua.BrowseDescription()] * too_many))
        assert len(await client.uaclient.read_attributes([node.nodeid] * 1000, ua.AttributeIds.Value)) == 1000


async def test_monitored_items_of_all_clients_are_bounded(site: SiteSpec) -> None:
    limits = Limits(monitored_items=5)
    async with serving(OpcUaAdapter(site, replace(OPEN_SETTINGS, limits=limits))) as url:
        async with Client(url) as first, Client(url) as second:
            one, other = await first.create_subscription(100, Deaf()), await second.create_subscription(100, Deaf())
            handles = await one.subscribe_data_change([first.get_node(TICK)] * 4)
            with pytest.raises(ua.uaerrors.BadTooManyMonitoredItems):
                await other.subscribe_data_change([second.get_node(TICK)] * 2)
            await one.unsubscribe(handles)
            assert len(await other.subscribe_data_change([second.get_node(TICK)] * 2)) == 2
