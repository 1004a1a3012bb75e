"""A client that connects, subscribes and vanishes again and again keeps nobody else out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.site_builder import build_site
from tests.open_server import OPEN_SETTINGS
from tests.serving import serving

FEW_SESSIONS = 4


class Deaf:
    def datachange_notification(self, _node: object, _value: object, _data: object) -> None:
        """Called by asyncua."""


@pytest.mark.parametrize("limits", [Limits(sessions=FEW_SESSIONS), Limits(sessions_per_address=FEW_SESSIONS)])
async def test_sessions_of_clients_that_are_gone_make_room(limits: Limits) -> None:
    site = build_site("plant", [("stack", "", DeviceDescription("", "", {"I1": ChannelSpec("%")}))])
    async with serving(OpcUaAdapter(site, replace(OPEN_SETTINGS, limits=limits))) as url:
        async with Client(url) as stays:
            subscription = await stays.create_subscription(100, Deaf())
            gone = []
            for _ in range(2 * FEW_SESSIONS):
                client = Client(url)
                await client.connect()
                mine = await client.create_subscription(100, Deaf())
                await mine.subscribe_data_change(client.get_node("ns=2;s=stack/Status/Tick"))
                assert client.uaclient.protocol is not None
                assert client.uaclient.protocol.transport is not None
                client.uaclient.protocol.transport.abort()
                gone.append(client)
            handle = await subscription.subscribe_data_change(stays.get_node(ua.ObjectIds.Server_ServerStatus_State))
            assert handle is not None
            for client in gone:
                await client.disconnect()
