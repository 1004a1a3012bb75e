"""Arrays of numbers as clients see them: nodes, whole values, parts, and every block of a subscription."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from asyncua import Client, ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.notifications.point_values import BoundValue, PointValues
from gateway.adapters.opcua.self_read import read_back
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.value import Value
from tests.adapters.opcua.arrays import COUNT, LONGEST, NODES, OTHER, RMS, SHORT, SITE, WAVE, array, block, update
from tests.adapters.opcua.conftest import Collector

IDS = ua.AttributeIds


@pytest.fixture
def site() -> SiteSpec:
    return SITE


def _item(node: str, attribute: int = IDS.Value, index_range: str | None = None) -> ua.ReadValueId:
    return ua.ReadValueId(ua.NodeId.from_string(node), attribute, index_range)


async def _read(client: Client, *items: ua.ReadValueId) -> list[ua.DataValue]:
    return await client.uaclient.read(ua.ReadParameters(NodesToRead=list(items)))


async def test_nodes_say_what_they_hold(url: str) -> None:
    async with Client(url) as client:
        seen = {}
        for node in NODES:
            attributes = await _read(client, *(_item(node, one) for one in (IDS.DataType, IDS.ValueRank)))
            dimensions = (await _read(client, _item(node, IDS.ArrayDimensions)))[0]
            definition = await client.get_node(node).read_type_definition()
            seen[node.removeprefix("ns=2;s=scope/")] = (
                attributes[0].Value.Value.Identifier,
                attributes[1].Value.Value,
                None if dimensions.Value is None else dimensions.Value.Value,
                definition.Identifier,
            )
        kinds = ua.ObjectIds
        assert seen == {
            "A/Waveform": (kinds.Double, 1, [LONGEST], kinds.AnalogUnitRangeType),
            "A/RMS": (kinds.Double, -1, None, kinds.AnalogUnitType),
            "B/Waveform": (kinds.Double, 1, [LONGEST], kinds.AnalogUnitType),
            "B/Trend": (kinds.Double, 1, [100], kinds.DataItemType),
            "Temperature/Value": (kinds.Int64, -1, None, kinds.AnalogUnitRangeType),
            "Door/Value": (kinds.Boolean, -1, None, kinds.BaseDataVariableType),
            "Mode/Value": (kinds.String, -1, None, kinds.BaseDataVariableType),
        }
        low_and_high = await client.get_node(f"{NODES[WAVE]}/EURange").read_value()
        assert (low_and_high.Low, low_and_high.High) == (-1e9, 1e9)
        assert (await client.get_node(f"{NODES[WAVE]}/EngineeringUnits").read_value()).DisplayName.Text == "V"


async def test_whole_values(url: str, adapter: OpcUaAdapter) -> None:
    async with Client(url) as client:
        (waiting,) = await _read(client, _item(NODES[WAVE]))
        assert (waiting.Value.Value, waiting.StatusCode.name) == (None, "BadWaitingForInitialData")
        adapter.apply(update(7))
        for _again in range(2):  # the second time over the short way
            wave, *others = await _read(client, *map(_item, NODES[:2] + NODES[3:]))
            assert wave.Value.VariantType is ua.VariantType.Double
            assert wave.Value.Value == block(7).tolist()
            assert [one.Value.Value for one in others] == [7.0, [700_000.0, 700_001.0, 700_002.0], 7, True, "run"]
        adapter.apply(update(8, short=array([]), changed=[SHORT]))
        (empty,) = await _read(client, _item(NODES[SHORT]))
        assert (empty.Value.Value, empty.Value.is_array) == ([], True)
        assert await client.get_node(NODES[WAVE]).read_value() == block(7).tolist()  # asyncua's own way to ask


async def test_parts(url: str, adapter: OpcUaAdapter) -> None:
    async with Client(url) as client:
        (waiting,) = await _read(client, _item(NODES[WAVE], index_range="0"))
        assert waiting.StatusCode.name == "BadWaitingForInitialData"
        adapter.apply(update(2))
        for text, part in (("0", slice(1)), ("10:19", slice(10, 20)), ("65530:70000", slice(65530, None))):
            (data,) = await _read(client, _item(NODES[WAVE], index_range=text))
            assert data.Value.Value == block(2)[part].tolist()
        for text, status in (
            ("65535", "BadIndexRangeNoData"),
            ("0:1,0:1", "BadIndexRangeNoData"),
            ("3:1", "BadIndexRangeInvalid"),
        ):
            (data,) = await _read(client, _item(NODES[WAVE], index_range=text))
            assert (data.StatusCode.name, data.Value.Value) == (status, None)
        adapter.apply(update(3, state=State.COMMUNICATION_LOST))
        (lost,) = await _read(client, _item(NODES[WAVE], index_range="0"))
        assert lost.StatusCode.is_bad()


def test_a_part_is_cut_without_a_copy_and_encoded_alone() -> None:
    values = PointValues(SITE)
    values.apply(update(4))
    view = values.view_of(ua.NodeId.from_string(NODES[WAVE]))
    assert view is not None
    whole = values.group(0).read(view)
    part = whole.part((slice(5, 8),), ua.VariantType.Double)
    assert isinstance(part.value, memoryview)
    assert isinstance(whole.value, memoryview)
    assert np.shares_memory(np.asarray(part.value), np.asarray(whole.value))
    encoded = BoundValue(values.group(0), view).encoded(0, (slice(5, 8),))
    assert struct_from_binary(ua.DataValue, Buffer(encoded)).Value.Value == [400_005.0, 400_006.0, 400_007.0]
    assert len(encoded) == 1 + 1 + 4 + 3 * 8


async def test_every_block_of_a_subscription(url: str, adapter: OpcUaAdapter, collector: type[Collector]) -> None:
    whole, part, scalar = collector(), collector(), collector()
    async with Client(url) as client:
        handlers = {NODES[WAVE]: whole, NODES[RMS]: scalar}
        for node, handler in handlers.items():
            subscription = await client.create_subscription(50, handler)
            await subscription.subscribe_data_change(client.get_node(node), queuesize=10)
        wanted = ua.MonitoredItemCreateRequest(
            _item(NODES[WAVE], index_range="3:4"),
            ua.MonitoringMode.Reporting,
            ua.MonitoringParameters(ClientHandle=1, SamplingInterval=50, QueueSize=10, DiscardOldest=True),
        )
        subscription = await client.create_subscription(50, part)
        await subscription.create_monitored_items([wanted])
        for index in range(1, 21):
            adapter.apply(update(index))
            for seen in (whole, scalar, part):
                await seen.until_count(index + 1)
    assert [data.Value.Value for data in whole.values[1:]] == [block(index).tolist() for index in range(1, 21)]
    assert [data.Value.Value for data in scalar.values[1:]] == [float(index) for index in range(1, 21)]
    assert [data.Value.Value for data in part.values[1:]] == [block(index)[3:5].tolist() for index in range(1, 21)]


@pytest.mark.parametrize(
    "wrong",
    [
        1.0,
        "text",
        array(np.zeros(LONGEST + 1)),
        memoryview(b"12345678"),
        memoryview(np.zeros((2, 2))),
        memoryview(np.zeros(4))[::2],
    ],
    ids=["number", "text", "too long", "bytes", "matrix", "with gaps"],
)
def test_what_is_no_such_array_is_refused_whole(wrong: Value) -> None:
    values = PointValues(SITE)
    for changed in (None, [RMS, WAVE]):
        with pytest.raises(AdapterError, match="at most 65535 doubles"):
            values.apply(update(5, wave=wrong, changed=changed))
    with pytest.raises(AdapterError, match="cannot be shown as float"):
        values.apply(update(5, rms=block(1)))
    assert values.group(0).states == [State.WAITING] * len(NODES)


def test_scalars_beside_arrays_are_packed_as_ever() -> None:
    values = PointValues(SITE)
    values.apply(update(5))
    before = values.group(0).tick()
    values.apply(update(6, changed=[WAVE, RMS, OTHER]))
    after = values.group(0).tick()
    assert after.is_plain
    assert after.bits.view(np.float64)[RMS] == 6.0
    assert after.bits[COUNT] == 5
    assert np.flatnonzero(after.differs(before)).tolist() == [RMS]
    assert not after.bits[[WAVE, OTHER, SHORT]].any()


async def test_read_back(url: str, adapter: OpcUaAdapter, tmp_path: Path) -> None:
    adapter.apply(update(3))
    wave, rms = await read_back(url, [NODES[WAVE], NODES[RMS]], tmp_path)
    assert isinstance(wave.value, memoryview)
    assert wave.value == block(3)
    assert rms.value == 3.0
