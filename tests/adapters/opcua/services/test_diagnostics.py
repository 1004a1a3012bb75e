"""ServerDiagnostics: what clients do is counted, and engineers alone see who they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import fields, replace

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.model.points import SiteSpec
from gateway.model.update import Update
from tests.adapters.opcua.conftest import Collector
from tests.adapters.opcua.recording_desk import channel

Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]

SUMMARY, SESSION_COUNT, SUBSCRIPTIONS, SESSIONS = "i=2275", "i=2277", "i=2290", "i=3707"
VALUE = "ns=2;s=stack/I1/Value"


async def _summary(client: Client) -> ua.ServerDiagnosticsSummaryDataType:
    return await client.get_node(SUMMARY).read_value()


async def _until_alone(client: Client) -> None:
    """Wait until no other session is left."""
    seen = Collector()
    subscription = await client.create_subscription(50, seen)
    await subscription.subscribe_data_change(client.get_node(SESSION_COUNT))
    await seen.until(lambda values: values[-1:] and values[-1].Value.Value == 1)
    await subscription.delete()


async def test_sessions_and_subscriptions_are_counted(url: str) -> None:
    async with Client(url) as watcher:
        first = await _summary(watcher)
        assert (first.CurrentSessionCount, first.CumulatedSessionCount) == (1, 1)
        assert (first.CurrentSubscriptionCount, first.SessionAbortCount) == (0, 0)
        async with Client(url) as other:
            for interval in (100, 100, 200):
                await other.create_subscription(interval, Collector())
            during = await _summary(watcher)
            assert (during.CurrentSessionCount, during.CumulatedSessionCount) == (2, 2)
            assert (during.CurrentSubscriptionCount, during.PublishingIntervalCount) == (3, 2)
            for field in fields(during):
                name = f"Server_ServerDiagnostics_ServerDiagnosticsSummary_{field.name}"
                node = watcher.get_node(ua.NodeId(getattr(ua.ObjectIds, name)))
                assert await node.read_value() == getattr(during, field.name), field.name
        after = await _summary(watcher)
        assert (after.CurrentSessionCount, after.CumulatedSessionCount) == (1, 2)
        assert (after.CurrentSubscriptionCount, after.CumulatedSubscriptionCount) == (0, 3)
        assert (after.SessionAbortCount, after.SessionTimeoutCount) == (0, 0)


async def test_refusals_and_broken_connections_are_counted(url: str) -> None:
    async with Client(url) as watcher:
        before = await _summary(watcher)
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await watcher.uaclient.read(ua.ReadParameters())
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await watcher.uaclient.add_nodes([])
        after = await _summary(watcher)
        assert after.RejectedRequestsCount - before.RejectedRequestsCount == 2
        assert after.SecurityRejectedRequestsCount == before.SecurityRejectedRequestsCount
        lost = Client(url)
        await lost.connect()
        lost.uaclient.protocol.transport.abort()
        await _until_alone(watcher)
        await lost.disconnect()
        assert (await _summary(watcher)).SessionAbortCount == 1


async def test_a_silent_session_times_out(site: SiteSpec, settings: OpcUaSettings, serving: Serving) -> None:
    adapter = OpcUaAdapter(site, replace(settings, limits=Limits(shortest_session_timeout_s=1.0)))
    async with serving(adapter) as url, Client(url) as watcher, channel(Client(url)) as silent:
        silent.session_timeout = 1000
        await silent.create_session()
        await _until_alone(watcher)
        summary = await _summary(watcher)
        assert (summary.SessionTimeoutCount, summary.SessionAbortCount) == (1, 0)


async def test_a_session_sees_itself(url: str) -> None:
    client = Client(url)
    client.description = "the watcher"
    client.application_uri = "urn:test:watcher"
    client.set_locale(["de", "en"])
    async with client:
        for _read in range(3):
            await client.get_node("i=2255").read_value()
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await client.uaclient.browse(ua.BrowseParameters())
        subscription = await client.create_subscription(250, Collector())
        await subscription.subscribe_data_change(client.get_node(VALUE))
        (session,) = await client.get_node(SESSIONS).read_value()
        assert session.ClientDescription.ApplicationUri == "urn:test:watcher"
        assert (session.EndpointUrl, session.LocaleIds) == (url, ["de", "en"])
        assert (session.ReadCount.TotalCount, session.ReadCount.ErrorCount) >= (3, 0)
        assert session.BrowseCount.ErrorCount == 1
        assert session.BrowseCount.TotalCount >= 1
        assert session.TotalRequestCount.TotalCount >= 6
        assert (session.CreateSubscriptionCount.TotalCount, session.CreateMonitoredItemsCount.TotalCount) == (1, 1)
        assert (session.CurrentSubscriptionsCount, session.CurrentMonitoredItemsCount) == (1, 1)
        assert session.ClientConnectionTime <= session.ClientLastContactTime
        (entry,) = await client.get_node(SUBSCRIPTIONS).read_value()
        assert (entry.SubscriptionId, entry.SessionId) == (subscription.subscription_id, session.SessionId)
        assert (entry.PublishingInterval, entry.MonitoredItemCount, entry.PublishingEnabled) == (250.0, 1, True)
        await subscription.set_publishing_mode(False)
        (entry,) = await client.get_node(SUBSCRIPTIONS).read_value()
        assert (entry.PublishingEnabled, entry.DisableCount) == (False, 1)


async def test_counters_can_be_watched(url: str) -> None:
    async with Client(url) as client:
        seen = Collector()
        subscription = await client.create_subscription(50, seen)
        await subscription.subscribe_data_change(client.get_node(SESSION_COUNT))
        await seen.until(lambda values: values[-1:] and values[-1].Value.Value == 1)
        async with Client(url):
            await seen.until(lambda values: values[-1].Value.Value == 2)
        await seen.until(lambda values: values[-1].Value.Value == 1)


async def test_what_full_queues_drop_is_counted(url: str, adapter: OpcUaAdapter, update: Callable[..., Update]) -> None:
    async with Client(url) as client:
        seen = Collector()
        subscription = await client.create_subscription(200, seen)
        point = client.get_node(VALUE)
        for deadband in (None, ua.DataChangeFilter(ua.DataChangeTrigger.StatusValue, ua.DeadbandType.Absolute, 0.5)):
            await subscription._subscribe(  # asyncua's client has no other door to a sampling interval and a filter
                point, ua.AttributeIds.Value, deadband, queuesize=3, sampling_interval=0
            )
        await seen.until_count(2)
        for value in range(8):
            adapter.apply(update((float(value),), changed=[0]))
        await seen.until_count(2 + 2 * 3)
        (entry,) = await client.get_node(SUBSCRIPTIONS).read_value()
        assert entry.MonitoringQueueOverflowCount == 2 * (8 - 3)
        assert (entry.EventQueueOverflowCount, entry.DiscardedMessageCount) == (0, 0)
