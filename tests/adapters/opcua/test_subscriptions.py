"""What subscribers are told: whole ticks, deadbands, changes of state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.subscription_parameters import revised_publishing_interval
from gateway.model.quality import State
from gateway.model.update import Update

MakeUpdate = Callable[..., Update]
VALUE = "ns=2;s=stack/I1/Value"
LIMITS = Limits()
FAST = LIMITS.shortest_publishing_interval_ms
SLOW = LIMITS.longest_publishing_interval_ms


def _oxygen(make: MakeUpdate, value: float, state: State = State.GOOD, tick: int = 0) -> Update:
    return make((value, *make().values[1:]), state=state, changed=[0], unix_us=make().stamp.unix_us + tick)


@pytest.mark.parametrize("kind", [ua.DeadbandType.Absolute, ua.DeadbandType.Percent])
async def test_deadband_compares_with_the_last_report(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, collector: type[Any], kind: ua.DeadbandType
) -> None:
    width = 1.0 if kind is ua.DeadbandType.Absolute else 4.0  # 4 % of 0 to 25
    seen = collector()
    adapter.apply(_oxygen(update, 0.0))
    async with Client(url) as client:
        subscription = await client.create_subscription(FAST, seen)
        await subscription.deadband_monitor(client.get_node(VALUE), width, int(kind), queuesize=100)
        await seen.until_count(1)
        for step in range(1, 41):
            adapter.apply(_oxygen(update, step * 0.5))
        adapter.apply(_oxygen(update, 100.0))
        values = await seen.until(lambda values: values[-1].Value.Value == 100.0)
    assert [value.Value.Value for value in values] == [0.0, *(1.5 * n for n in range(1, 14)), 100.0]


@pytest.mark.parametrize("deadband", [None, 1000.0])
async def test_every_change_of_state_is_reported(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, collector: type[Any], deadband: float | None
) -> None:
    states = [State.GOOD, State.STALE, State.COMMUNICATION_LOST, State.GOOD, State.CHANNEL_FAULT, State.WARMING_UP]
    adapter.apply(_oxygen(update, 5.0, states[0]))
    seen = collector()
    async with Client(url) as client:
        subscription = await client.create_subscription(FAST, seen)
        node = client.get_node(VALUE)
        if deadband is None:
            await subscription.subscribe_data_change(node, queuesize=100, sampling_interval=0)
        else:
            await subscription.deadband_monitor(node, deadband, queuesize=100)
        await seen.until_count(1)
        for tick, state in enumerate(states[1:], start=1):
            adapter.apply(_oxygen(update, 5.0, state, tick))
        values = await seen.until_count(len(states))
    assert [value.StatusCode.name for value in values] == [
        "Good", "UncertainLastUsableValue", "BadNoCommunication", "Good", "BadSensorFailure",
        "UncertainSensorNotAccurate",
    ]  # fmt: skip
    assert [value.Value.Value for value in values] == [5.0, 5.0, None, 5.0, None, 5.0]
    assert values[-1].SourceTimestamp == _oxygen(update, 5.0, tick=5).stamp.utc


async def test_small_queue_keeps_the_newest(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, collector: type[Any]
) -> None:
    seen = collector()
    async with Client(url) as client:
        subscription = await client.create_subscription(FAST, seen)
        await subscription.subscribe_data_change(client.get_node(VALUE), queuesize=0, sampling_interval=0)
        await seen.until_count(1)
        for step in range(1, 6):
            adapter.apply(_oxygen(update, float(step)))
        values = await seen.until_count(2)
    assert [value.Value.Value for value in values] == [None, 5.0]


async def test_disabled_item_reports_again_when_enabled(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, collector: type[Any]
) -> None:
    adapter.apply(_oxygen(update, 1.0))
    seen = collector()
    async with Client(url) as client:
        subscription = await client.create_subscription(FAST, seen)
        handle = await subscription.subscribe_data_change(client.get_node(VALUE))
        await seen.until_count(1)
        await subscription.set_monitoring_mode(ua.MonitoringMode.Disabled)
        adapter.apply(_oxygen(update, 2.0))
        adapter.apply(_oxygen(update, 1.0))
        await subscription.set_monitoring_mode(ua.MonitoringMode.Reporting)
        values = await seen.until_count(2)
        await subscription.unsubscribe(handle)
    assert [value.Value.Value for value in values] == [1.0, 1.0]


UNSUITABLE = (
    ("stack/I1/Name", 1, 1.0, "BadFilterNotAllowed"),
    ("stack/Index", 2, 1.0, "BadDeadbandFilterInvalid"),
    ("stack/I1/Value", 2, 101.0, "BadDeadbandFilterInvalid"),
    ("stack/I1/Value", 1, -1.0, "BadDeadbandFilterInvalid"),
    ("stack/I1/Value", 1, float("nan"), "BadDeadbandFilterInvalid"),
    ("stack/I1/Value", 7, 1.0, "BadMonitoredItemFilterInvalid"),
)


async def test_unsuitable_deadbands_are_refused(url: str, collector: type[Any]) -> None:
    async with Client(url) as client:
        subscription = await client.create_subscription(FAST, collector())
        for node, kind, width, status in UNSUITABLE:
            with pytest.raises(getattr(ua.uaerrors, status)):
                await subscription.deadband_monitor(client.get_node(f"ns=2;s={node}"), width, kind)


async def test_modified_item_follows_its_new_deadband(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, collector: type[Any]
) -> None:
    adapter.apply(_oxygen(update, 0.0))
    seen = collector()
    async with Client(url) as client:
        subscription = await client.create_subscription(FAST, seen)
        handle = await subscription.subscribe_data_change(client.get_node(VALUE), queuesize=100, sampling_interval=0)
        await seen.until_count(1)
        await subscription.modify_monitored_item(handle, 0, new_queuesize=100, mod_filter_val=2.0)
        for value in (1.0, 2.0, 2.5, 50.0):
            adapter.apply(_oxygen(update, value))
        values = await seen.until(lambda values: values[-1].Value.Value == 50.0)
        assert [value.Value.Value for value in values] == [0.0, 2.5, 50.0]
        unknown = ua.MonitoredItemModifyRequest(MonitoredItemId=99)
        parameters = ua.ModifyMonitoredItemsParameters(
            SubscriptionId=subscription.subscription_id, ItemsToModify=[unknown]
        )
        (result,) = await client.uaclient.modify_monitored_items(parameters)
        assert result.StatusCode.name == "BadMonitoredItemIdInvalid"


async def test_client_that_asks_for_no_interval_gets_the_shortest(url: str) -> None:
    async with Client(url) as client:
        asked = ua.CreateSubscriptionParameters(RequestedPublishingInterval=0.0, PublishingEnabled=True)
        given = await client.uaclient.create_subscription(asked, lambda _result: None)
        assert given.RevisedPublishingInterval == FAST
        await client.uaclient.delete_subscriptions([given.SubscriptionId])


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (0.0, FAST),
        (-1.0, FAST),
        (float("nan"), FAST),
        (250.0, 250.0),
        (float("inf"), SLOW),
    ],
)
def test_revised_publishing_interval(asked: float, given: float) -> None:
    assert revised_publishing_interval(asked, LIMITS) == given
