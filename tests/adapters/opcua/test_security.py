"""Anonymous and read-only, whoever asks and however."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.security.user_manager import AnonymousReaders
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.model.points import SiteSpec

VALUE = ua.NodeId("stack/I1/Value", 2)
DENIED = "BadUserAccessDenied"


@asynccontextmanager
async def _channel(url: str) -> AsyncIterator[Client]:
    """A secure channel without a session."""
    client = Client(url)
    await client.connect_socket()
    try:
        await client.send_hello()
        await client.open_secure_channel()
        yield client
        await client.close_secure_channel()
    finally:
        client.disconnect_socket()


def test_nobody_is_an_administrator(site: SiteSpec) -> None:
    manager, server = AnonymousReaders(), InnerServer(PointValues(site), Limits())
    assert manager.get_user(server, username="admin", password="admin") is None
    assert manager.get_user(server, username="", password="") is None
    user = manager.get_user(server)
    assert user is not None
    assert user.role.name == "Anonymous"
    server.method_service.stop()


async def test_login_by_name_is_refused(url: str) -> None:
    for policy in ("anonymous", "username"):
        async with _channel(url) as client:
            await client.create_session()
            parameters = ua.ActivateSessionParameters()
            parameters.UserIdentityToken = ua.UserNameIdentityToken(
                PolicyId=policy, UserName="admin", Password=b"admin"
            )
            with pytest.raises(ua.uaerrors.BadIdentityTokenRejected):
                await client.uaclient.activate_session(parameters)
            with pytest.raises(ua.uaerrors.BadSessionNotActivated):
                await client.get_node(VALUE).read_value()


async def test_only_anonymous_access_is_offered(url: str) -> None:
    async with _channel(url) as client:
        (endpoint,) = await client.get_endpoints()
    assert [token.TokenType for token in endpoint.UserIdentityTokens] == [ua.UserTokenType.Anonymous]
    assert endpoint.SecurityMode is ua.MessageSecurityMode.None_


async def test_writing_is_refused(url: str) -> None:
    async with Client(url) as client:
        for node, attribute, status in (
            (VALUE, ua.AttributeIds.Value, "BadNotWritable"),
            (VALUE, ua.AttributeIds.DisplayName, "BadNotWritable"),
            (ua.NodeId("stack/I1/Value/EURange", 2), ua.AttributeIds.Value, "BadNotWritable"),
            (ua.NodeId(ua.ObjectIds.Server_NamespaceArray), ua.AttributeIds.Value, "BadNotWritable"),
            (ua.NodeId("nobody", 2), ua.AttributeIds.Value, "BadNodeIdUnknown"),
        ):
            item = ua.WriteValue(NodeId=node, AttributeId=attribute, Value=ua.DataValue(ua.Variant(1.0)))
            (result,) = await client.uaclient.write(ua.WriteParameters(NodesToWrite=[item]))
            assert result.name == status
        value = await client.get_node(VALUE).read_data_value(raise_on_bad_status=False)
        assert value.StatusCode.name == "BadWaitingForInitialData"


async def test_nothing_can_be_called(url: str) -> None:
    async with Client(url) as client:
        request = ua.CallMethodRequest(
            ObjectId=ua.NodeId(ua.ObjectIds.Server), MethodId=ua.NodeId(ua.ObjectIds.Server_RequestServerStateChange)
        )
        (result,) = await client.uaclient.call([request])
        assert result.StatusCode.name == "BadNotExecutable"


async def test_nodes_cannot_be_managed(url: str) -> None:
    async with Client(url) as client:
        folder = ua.AddNodesItem(
            ParentNodeId=ua.NodeId(85), ReferenceTypeId=ua.NodeId(35), BrowseName=ua.QualifiedName("x", 2)
        )
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.add_nodes([folder])
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.delete_nodes(ua.DeleteNodesParameters([ua.DeleteNodesItem(VALUE)]))
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.add_references([ua.AddReferencesItem(SourceNodeId=VALUE)])


async def test_services_that_are_not_there_say_so(url: str) -> None:
    async with Client(url) as client:
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.history_update(ua.HistoryUpdateParameters())
    async with _channel(url) as client:
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.register_server(ua.RegisteredServer(ServerUri="urn:x", ServerNames=[]))


async def test_session_tokens_cannot_be_guessed(url: str) -> None:
    async with Client(url) as one, Client(url) as two:
        tokens = [client.uaclient.protocol.authentication_token for client in (one, two)]
    assert all(token.NodeIdType is ua.NodeIdType.ByteString and len(token.Identifier) == 32 for token in tokens)
    assert tokens[0] != tokens[1]


async def test_session_cannot_be_taken_over(url: str) -> None:
    async with Client(url) as victim, _channel(url) as thief:
        for guess in range(990, 1100):
            thief.uaclient.protocol.authentication_token = ua.NodeId(guess)
            with pytest.raises(ua.uaerrors.BadSessionIdInvalid):
                await thief.uaclient.activate_session(ua.ActivateSessionParameters())
        await victim.get_node(VALUE).read_data_value(raise_on_bad_status=False)


async def test_subscriptions_of_others_do_not_exist(url: str, collector: type[Any]) -> None:
    async with Client(url) as owner, Client(url) as other:
        subscription = await owner.create_subscription(Limits().shortest_publishing_interval_ms, collector())
        theirs = subscription.subscription_id
        watched = ua.MonitoredItemCreateRequest(ItemToMonitor=ua.ReadValueId(NodeId=VALUE, AttributeId=13))
        changed = ua.MonitoredItemModifyRequest(MonitoredItemId=1)
        (result,) = await other.uaclient.delete_subscriptions([theirs])
        assert result.name == "BadSubscriptionIdInvalid"
        for call, parameters in (
            (
                other.uaclient.create_monitored_items,
                ua.CreateMonitoredItemsParameters(SubscriptionId=theirs, ItemsToCreate=[watched]),
            ),
            (
                other.uaclient.modify_monitored_items,
                ua.ModifyMonitoredItemsParameters(SubscriptionId=theirs, ItemsToModify=[changed]),
            ),
            (
                other.uaclient.delete_monitored_items,
                ua.DeleteMonitoredItemsParameters(SubscriptionId=theirs, MonitoredItemIds=[1]),
            ),
            (
                other.uaclient.set_monitoring_mode,
                ua.SetMonitoringModeParameters(SubscriptionId=theirs, MonitoredItemIds=[1]),
            ),
            (other.uaclient.modify_subscription, ua.ModifySubscriptionParameters(SubscriptionId=theirs)),
        ):
            with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
                await call(parameters)
        (result,) = await other.uaclient.set_publishing_mode(ua.SetPublishingModeParameters(SubscriptionIds=[theirs]))
        assert result.name == "BadSubscriptionIdInvalid"
        (result,) = await owner.uaclient.delete_subscriptions([theirs])
        assert result.is_good()
