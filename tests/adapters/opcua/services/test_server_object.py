"""The Server object: everything below it has a value that is true."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.common.node import Node

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.services.service_level import service_level
from gateway.model.quality import State
from gateway.model.update import Update
from tests.adapters.opcua.conftest import Collector

Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]
MakeUpdate = Callable[..., Update]
SERVER, LEVEL, STATE = "i=2253", "i=2267", "i=2259"
CAPABILITIES = "i=2268"
_DOWN = (ua.ObjectIds.HasComponent, ua.ObjectIds.HasProperty)


async def _below(client: Client, node: Node, path: str = "") -> AsyncIterator[tuple[str, Node, ua.NodeClass]]:
    for kind in _DOWN:
        for one in await node.get_references(kind, ua.BrowseDirection.Forward):
            child, name = client.get_node(one.NodeId), f"{path}/{one.BrowseName.Name}"
            yield name, child, one.NodeClass
            async for below in _below(client, child, name):
                yield below


async def test_nothing_below_the_server_is_good_and_empty(url: str) -> None:
    async with Client(url) as client:
        variables = [one async for one in _below(client, client.get_node(SERVER)) if one[2] == ua.NodeClass.Variable]
        assert len(variables) > 80
        parameters = ua.ReadParameters(
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            NodesToRead=[
                ua.ReadValueId(node.nodeid, attribute)
                for _name, node, _class in variables
                for attribute in (ua.AttributeIds.Value, ua.AttributeIds.ValueRank)
            ],
        )
        results = iter(await client.uaclient.read(parameters))
        denied = set()
        for (name, _node, _class), value, rank in zip(variables, results, results, strict=True):
            if value.StatusCode.name == "BadUserAccessDenied":
                denied.add(name)
                continue
            assert value.StatusCode.is_good(), name
            assert value.Value.Value is not None, name
            assert isinstance(value.Value.Value, list) == (rank.Value.Value == 1), name
            assert value.SourceTimestamp is not None, name
            assert value.ServerTimestamp is not None, name
        assert {name.rpartition("/")[2] for name in denied} == {"SessionSecurityDiagnosticsArray", "Identities"}


async def test_what_is_not_offered_is_not_shown(url: str) -> None:
    async with Client(url) as client:
        names = {name async for name, _node, _class in _below(client, client.get_node(SERVER))}
        for part in ("ServerConfiguration", "PublishSubscribe", "ServerLog", "Resources", "DefaultHAConfiguration"):
            assert not any(part in name for name in names)
        for identifier in (12637, 14443, 19372, 24226, 11192):
            with pytest.raises(ua.uaerrors.BadNodeIdUnknown):
                await client.get_node(ua.NodeId(identifier)).read_browse_name()
        for method in ("i=12749", "i=12886"):  # SetSubscriptionDurable, RequestServerStateChange
            assert not (await client.get_node(method).read_attribute(ua.AttributeIds.Executable)).Value.Value
            request = ua.CallMethodRequest(ua.NodeId.from_string(SERVER), ua.NodeId.from_string(method))
            (result,) = await client.uaclient.call([request])
            assert result.StatusCode.name == "BadNotExecutable"


async def test_capabilities_are_the_limits(url: str) -> None:
    limits = Limits()
    async with Client(url) as client:
        capabilities = client.get_node(CAPABILITIES)

        async def value(*path: str) -> Any:
            return await (await capabilities.get_child([f"0:{name}" for name in path])).read_value()

        assert await value("MaxBrowseContinuationPoints") == limits.continuation_points
        assert await value("MaxSessions") == limits.sessions
        assert await value("MaxSubscriptions") == limits.subscriptions
        assert await value("MaxMonitoredItems") == limits.monitored_items
        assert await value("MaxStringLength") == limits.message_bytes
        assert await value("OperationLimits", "MaxNodesPerRead") == limits.operations
        assert await value("OperationLimits", "MaxNodesPerMethodCall") == limits.methods_per_call
        assert await value("LocaleIdArray") == ["en"]
        assert await value("SoftwareCertificates") == []
        profiles = await value("ServerProfileArray")
        assert all(one.startswith("http://opcfoundation.org/UA-Profile/Server/") for one in profiles)
        assert len(profiles) == len(set(profiles)) >= 4


async def test_namespaces_are_described(url: str) -> None:
    async with Client(url) as client:
        uris = await client.get_namespace_array()
        described = [
            await (await node.get_child("0:NamespaceUri")).read_value()
            for node in await client.get_node("i=11715").get_children()
        ]
        assert sorted(described) == sorted(uris)
        assert len(uris) == len(set(uris))


async def test_time_passes_only_for_those_who_look(url: str) -> None:
    async with Client(url) as client:
        for _look in range(2):
            before = datetime.now(UTC)
            status = await client.nodes.server_state.get_parent()
            shown = await status.read_value()
            (time,) = [await client.get_node("i=2258").read_value()]
            assert before - timedelta(milliseconds=1) <= shown.CurrentTime <= time <= datetime.now(UTC)
            assert shown.State == ua.ServerState.Running
            assert shown.BuildInfo.ProductUri == "urn:analyser-gateway"
        assert (await client.get_node("i=17634").read_value()).Offset in range(-14 * 60, 14 * 60 + 1)


@pytest.mark.parametrize(
    ("analysers", "level"),
    [
        ([], 255),
        ([[State.GOOD]], 255),
        ([[State.ANALYSER_FAULT, State.STALE]], 255),
        ([[State.WAITING, State.WAITING]], 1),
        ([[State.COMMUNICATION_LOST], [State.STOPPED], [State.OUT_OF_SERVICE]], 1),
        ([[State.GOOD], [State.STALE]], 101),
        ([[State.GOOD]] * 99 + [[State.COMMUNICATION_INTERRUPTED]], 198),
        ([[State.GOOD]] + [[State.STALE]] * 999, 2),
    ],
)
def test_levels_of_service(analysers: list[list[State]], level: int) -> None:
    assert service_level(analysers) == level


async def test_the_service_level_follows_the_analysers(
    adapter: OpcUaAdapter, update: MakeUpdate, serving: Serving
) -> None:
    async with serving(adapter) as url, Client(url) as client:
        seen = Collector()
        subscription = await client.create_subscription(50, seen)
        await subscription.subscribe_data_change(client.get_node(LEVEL))
        for change, level in (
            (None, 1),
            (update(), 101),
            (update((12.5,), group=2), 255),
            (update(state=State.COMMUNICATION_LOST), 101),
            (update(state=State.ANALYSER_FAULT), 255),
        ):
            if change is not None:
                adapter.apply(change)
            assert await client.get_node(LEVEL).read_value() == level
            await seen.until(lambda values, level=level: values[-1:] and values[-1].Value.Value == level)


async def test_clients_are_told_that_the_server_goes(adapter: OpcUaAdapter, serving: Serving) -> None:
    nodes = (STATE, LEVEL, "i=2993")
    seen = Collector()
    async with serving(adapter) as url:
        client = Client(url)
        await client.connect()
        subscription = await client.create_subscription(50, seen)
        await subscription.subscribe_data_change([client.get_node(node) for node in nodes])
        await seen.until_count(len(nodes))
    shown = await seen.until_count(2 * len(nodes))
    client.disconnect_socket()
    await client.disconnect()
    told = {data.Value.VariantType: data.Value.Value for data in shown[len(nodes) :]}
    assert told[ua.VariantType.Int32] == ua.ServerState.Shutdown
    assert told[ua.VariantType.Byte] == 0
    assert "stopped" in told[ua.VariantType.LocalizedText].Text
