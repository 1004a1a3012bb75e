"""What a client finds: nodes, types, units, attributes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from asyncua import Client, ua

from gateway.adapters.opcua.adapter import PRODUCT_NAME, OpcUaAdapter
from gateway.adapters.opcua.node_ids import namespace_uri, point_nodes
from gateway.model.points import SiteSpec
from gateway.model.update import Update

MakeUpdate = Callable[..., Update]
IDS = ua.ObjectIds


async def test_described_nodes_are_the_served_ones(url: str, site: SiteSpec) -> None:
    async with Client(url) as client:
        assert (await client.get_namespace_array())[2] == namespace_uri(site)
        assert (await client.get_namespace_array())[1] == (await client.get_endpoints())[0].Server.ApplicationUri
        for node in point_nodes(site):
            found = await client.nodes.objects.get_child([p for p in node.browse_path.split("/") if p])
            assert found.nodeid.to_string() == node.node_id


EXPECTED = (
    ("stack/I1/Value", IDS.AnalogUnitRangeType, IDS.Double, {"EURange", "EngineeringUnits", "ValuePrecision"}),
    ("stack/Clock/Offset", IDS.AnalogUnitType, IDS.Double, {"EngineeringUnits", "ValuePrecision"}),
    ("stack/Ratio", IDS.AnalogItemType, IDS.Double, {"EURange", "ValuePrecision"}),
    ("stack/Index", IDS.DataItemType, IDS.Double, {"ValuePrecision"}),
    ("stack/I1/Name", IDS.BaseDataVariableType, IDS.String, set()),
    ("stack/I1/Fault", IDS.BaseDataVariableType, IDS.Boolean, set()),
    ("stack/Status/Tick", IDS.BaseDataVariableType, IDS.Int64, set()),
)


async def test_types_and_properties(url: str) -> None:
    async with Client(url) as client:
        for node, definition, data_type, properties in EXPECTED:
            point = client.get_node(f"ns=2;s={node}")
            assert await point.read_type_definition() == ua.NodeId(definition)
            assert await point.read_data_type() == ua.NodeId(data_type)
            children = await point.get_properties()
            assert {child.nodeid.to_string() for child in children} == {f"ns=2;s={node}/{name}" for name in properties}
            assert {(await child.read_browse_name()).NamespaceIndex for child in children} <= {0}


async def test_values_of_the_properties(url: str) -> None:
    async with Client(url) as client:
        eu_range = await client.get_node("ns=2;s=stack/I1/Value/EURange").read_value()
        assert (eu_range.Low, eu_range.High) == (0.0, 25.0)
        unit = await client.get_node("ns=2;s=stack/I1/Value/EngineeringUnits").read_value()
        assert (unit.UnitId, unit.DisplayName.Text) == (20529, "%")
        unit = await client.get_node("ns=2;s=stack/Diagnostics/Odd/EngineeringUnits").read_value()
        assert (unit.NamespaceUri, unit.UnitId, unit.DisplayName.Text) == ("urn:analyser-gateway:units", -1, "blobs")
        assert await client.get_node("ns=2;s=stack/I1/Value/ValuePrecision").read_value() == 2.0


async def test_first_data_is_awaited_then_shown(url: str, adapter: OpcUaAdapter, update: MakeUpdate) -> None:
    async with Client(url) as client:
        point = client.get_node("ns=2;s=stack/I1/Value")
        wanted = ua.ReadParameters(
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            NodesToRead=[ua.ReadValueId(NodeId=point.nodeid, AttributeId=ua.AttributeIds.Value)],
        )
        (waiting,) = await client.uaclient.read(wanted)
        assert waiting.StatusCode.value == ua.StatusCodes.BadWaitingForInitialData
        assert waiting.SourceTimestamp is not None
        assert waiting.ServerTimestamp is not None
        adapter.apply(update())
        shown = await point.read_data_value()
        assert shown.Value.Value == 20.9
        assert shown.SourceTimestamp == update().stamp.utc


async def test_values_from_before_the_start_are_shown(
    adapter: OpcUaAdapter, update: MakeUpdate, serving: Callable[..., object]
) -> None:
    adapter.apply(update())
    async with serving(adapter) as url, Client(url) as client:
        assert await client.get_node("ns=2;s=stack/I1/Name").read_value() == "O2"


async def test_server_status(url: str) -> None:
    async with Client(url) as client:
        status = await client.get_node(ua.ObjectIds.Server_ServerStatus).read_value()
        assert status.State is ua.ServerState.Running
        assert status.BuildInfo.ProductName == PRODUCT_NAME
        assert status.BuildInfo.SoftwareVersion
        assert abs((datetime.now(UTC) - status.CurrentTime).total_seconds()) < 60
        version = client.get_node(ua.ObjectIds.Server_ServerStatus_BuildInfo_SoftwareVersion)
        assert await version.read_value() == status.BuildInfo.SoftwareVersion
