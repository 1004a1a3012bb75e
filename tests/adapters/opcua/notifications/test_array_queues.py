"""Queues of arrays: as long as their bytes allow, and what they discard when they are full."""

from __future__ import annotations

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.notifications.encoded_value import OVERFLOW
from gateway.adapters.opcua.notifications.item import Item
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.notifications.report_rule import ReportRule
from gateway.adapters.opcua.notifications.value_queue import ValueQueue
from gateway.model.points import SiteSpec
from tests.adapters.opcua.arrays import NODES, RMS, SHORT, SITE, WAVE, block, update
from tests.adapters.opcua.notifications.items import decoded


@pytest.fixture
def site() -> SiteSpec:
    return SITE


@pytest.mark.parametrize("place", [RMS, SHORT, WAVE])
async def test_queues_are_as_long_as_their_bytes_allow(url: str, place: int) -> None:
    wanted = ua.MonitoringParameters(ClientHandle=1, SamplingInterval=0, QueueSize=1000, DiscardOldest=True)
    target = ua.ReadValueId(
        ua.NodeId.from_string(NODES[place]), ua.AttributeIds.Value, "0:1" if place == WAVE else None
    )
    async with Client(url) as client:
        subscription = await client.create_subscription(1000, None)
        create = ua.CreateMonitoredItemsParameters(
            subscription.subscription_id,
            ua.TimestampsToReturn.Both,
            [ua.MonitoredItemCreateRequest(target, ua.MonitoringMode.Reporting, wanted)],
        )
        (made,) = await client.uaclient.create_monitored_items(create)
        modify = ua.ModifyMonitoredItemsParameters(
            subscription.subscription_id,
            ua.TimestampsToReturn.Both,
            [ua.MonitoredItemModifyRequest(made.MonitoredItemId, wanted)],
        )
        (modified,) = await client.uaclient.modify_monitored_items(modify)
    expected = {RMS: 100, SHORT: 100, WAVE: 16}[place]
    assert (made.RevisedQueueSize, modified.RevisedQueueSize) == (expected, expected)


@pytest.mark.parametrize("discard_oldest", [True, False])
def test_a_full_queue(*, discard_oldest: bool) -> None:
    values = PointValues(SITE)
    node = ua.NodeId.from_string(NODES[WAVE])
    view, group = values.view_of(node), values.group(0)
    assert view is not None
    item = Item(
        1, 7, ua.ReadValueId(node), ua.TimestampsToReturn.Source, ua.MonitoringMode.Reporting, ReportRule(), 0.0, 3,
        discard_oldest,
    )  # fmt: skip
    dropped: list[int] = []
    queue = ValueQueue(item, lambda _queue: None, lambda: None)
    queue.dropped = dropped.append
    group.watch(view, queue)
    values.apply(update(1))
    for index in range(2, 6):
        values.apply(update(index, wave=block(index, 10 * index)))
    values.apply(update(6, changed=[RMS]))  # nothing new here
    values.apply(update(7, wave=group.read(view).value))  # the same again, as a cyclic point that had no news
    found = decoded(queue.drain())
    kept = [3, 4, 5] if discard_oldest else [1, 2, 5]
    assert [one.Value.Value.Value for one in found] == [
        block(index, 10 * index).tolist() if index > 1 else block(1).tolist() for index in kept
    ]
    flagged = [OVERFLOW, 0, 0] if discard_oldest else [0, 0, OVERFLOW]
    assert [one.Value.StatusCode.value if one.Value.StatusCode else 0 for one in found] == flagged
    assert sum(dropped) == 2
    assert queue.drain() == []
