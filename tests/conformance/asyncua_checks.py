"""What stock asyncua 2.1.0 lacks, breaks or ignores, asked by asyncua's own client, service by service."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from asyncua import ua

from tests.conformance.asyncua_bench import SERVER, Bench, Watching

OVERFLOW = 0x480
"""Bits of a StatusCode: info type DataValue, and its overflow bit (OPC 10000-4 section 7.39.1)."""

Check = Callable[[Bench], Awaitable[None]]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    CHECKS[re.sub("_", " ", function.__name__)] = function
    return function


def numbers(values: Sequence[ua.DataValue]) -> list[Any]:
    return [value.Value.Value if value.Value else None for value in values]


def deadband(kind: int, width: float) -> ua.DataChangeFilter:
    return ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValue, DeadbandType=kind, DeadbandValue=width)


@check
async def timestamps_as_asked_for(bench: Bench) -> None:
    await bench.play(1.5)
    async with bench.client() as one:
        for times, source, server in ((0, True, False), (1, False, True), (2, True, True), (3, False, False)):
            found = await one.read(bench.node("I1/Value"), times)
            assert (found.SourceTimestamp is not None, found.ServerTimestamp is not None) == (source, server)


@check
async def index_ranges_cut(bench: Bench) -> None:
    namespaces = ua.NodeId(ua.ObjectIds.Server_NamespaceArray)
    async with bench.client() as one:
        whole = (await one.read(namespaces)).Value.Value
        assert (await one.read(namespaces, index_range="0")).Value.Value == whole[:1]
        assert (await one.read(namespaces, index_range="99")).StatusCode.name == "BadIndexRangeNoData"
        assert (await one.read(namespaces, index_range="2:1")).StatusCode.name == "BadIndexRangeInvalid"


@check
async def browsing_goes_page_by_page(bench: Bench) -> None:
    async with bench.client() as one:
        request = ua.BrowseRequest()
        request.Parameters.NodesToBrowse = [ua.BrowseDescription(SERVER, ResultMask=63)]
        whole = [reference.NodeId for reference in (await one.ask(request)).Results[0].References]
        request.Parameters.RequestedMaxReferencesPerNode = 4
        page = (await one.ask(request)).Results[0]
        found = [reference.NodeId for reference in page.References]
        while page.ContinuationPoint:
            assert len(page.References) == 4
            following = ua.BrowseNextRequest()
            following.Parameters.ReleaseContinuationPoints = False
            following.Parameters.ContinuationPoints = [page.ContinuationPoint]
            page = (await one.ask(following)).Parameters.Results[0]
            found += [reference.NodeId for reference in page.References]
        assert found == whole


@check
async def absolute_deadband_compares_with_the_last_report(bench: Bench) -> None:
    await bench.play(0.0)
    async with bench.client() as one:
        watching = await one.subscribe()
        await watching.item(bench.node("I1/Value"), Filter=deadband(1, 1.0))
        await watching.until(1)
        await bench.play(*(0.5 * step for step in range(1, 41)), 100.0)
        assert numbers(await watching.until(15)) == [*(1.5 * step for step in range(14)), 100.0]


@check
async def percent_deadband_is_of_the_range(bench: Bench) -> None:
    await bench.play(0.0)
    async with bench.client() as one:
        watching = await one.subscribe()
        await watching.item(bench.node("I1/Value"), Filter=deadband(2, 4.0))
        await watching.until(1)
        await bench.play(*(0.5 * step for step in range(1, 41)), 100.0)
        assert numbers(await watching.until(15)) == [*(1.5 * step for step in range(14)), 100.0]


@check
async def statuses_pass_a_deadband(bench: Bench) -> None:
    await bench.play(5.0)
    async with bench.client() as one:
        watching = await one.subscribe()
        await watching.item(bench.node("I1/Value"), Filter=deadband(1, 1000.0))
        await watching.until(1)
        for state in ("stale", "communication-lost", "good"):
            await bench.play(5.0, state=state)
        names = [value.StatusCode.name for value in await watching.until(4)]
        assert names == ["Good", "UncertainLastUsableValue", "BadNoCommunication", "Good"]


@check
async def sampling_interval_is_honoured(bench: Bench) -> None:
    await bench.play(0.0)
    async with bench.client() as one:
        watching = await one.subscribe()
        item = await watching.item(bench.node("I1/Value"), SamplingInterval=60_000.0)
        assert item.RevisedSamplingInterval == 60_000.0
        await watching.until(1)
        await bench.play(*(float(step) for step in range(50)))
        fast = await watching.item(bench.node("I1/Value"))
        assert fast.StatusCode.is_good()
        await watching.until(1, handle=2)
        assert numbers(watching.notifications(1)) == [0.0]


@check
async def full_queues_drop_as_asked_and_say_so(bench: Bench) -> None:
    for oldest, expected in ((True, [8.0, 9.0, 10.0]), (False, [1.0, 2.0, 10.0])):
        await bench.play(0.0)
        async with bench.client() as one:
            watching = await one.subscribe()
            await watching.item(bench.node("I1/Value"), QueueSize=3, DiscardOldest=oldest)
            await watching.until(1)
            await bench.play(*(float(step) for step in range(1, 11)))
            values = (await watching.until(4))[1:]
            assert numbers(values) == expected
            flags = [value.StatusCode.value & OVERFLOW == OVERFLOW for value in values]
            assert flags == [oldest, False, not oldest]


@check
async def messages_are_cut_and_more_is_announced(bench: Bench) -> None:
    await bench.play(0.0)
    async with bench.client() as one:
        watching = await one.subscribe(MaxNotificationsPerPublish=4)
        await watching.item(bench.node("I1/Value"))
        await watching.until(1)
        await bench.play(*(float(step) for step in range(1, 11)))
        assert numbers(await watching.until(11)) == [float(step) for step in range(11)]
        sizes = [len(message.NotificationMessage.NotificationData[0].MonitoredItems) for message in watching.messages]
        assert sizes == [1, 4, 4, 2]
        assert [message.MoreNotifications for message in watching.messages] == [False, True, True, False]


@check
async def subscriptions_can_be_modified(bench: Bench) -> None:
    await bench.play(0.0)
    async with bench.client() as one:
        watching = await one.subscribe(RequestedPublishingInterval=3_600_000.0)
        await watching.item(bench.node("I1/Value"))
        request = ua.ModifySubscriptionRequest()
        request.Parameters.SubscriptionId = watching.id
        request.Parameters.RequestedPublishingInterval = 70.0
        request.Parameters.RequestedLifetimeCount, request.Parameters.RequestedMaxKeepAliveCount = 300, 10
        assert (await one.ask(request)).Parameters.RevisedPublishingInterval == 70.0
        assert numbers(await watching.until(1)) == [0.0]


@check
async def triggering_reports_what_was_sampled(bench: Bench) -> None:
    await bench.play(0.0)
    await bench.play(0.0, path="I2/Value")
    async with bench.client() as one:
        watching = await one.subscribe()
        leader = await watching.item(bench.node("I1/Value"))
        await watching.until(1)
        led = await watching.item(bench.node("I2/Value"), sampled=True)
        request = ua.SetTriggeringRequest()
        request.Parameters.SubscriptionId, request.Parameters.TriggeringItemId = watching.id, leader.MonitoredItemId
        request.Parameters.LinksToAdd = [led.MonitoredItemId, 4_000_000_000]
        results = (await one.ask(request)).Parameters.AddResults
        assert [status.name for status in results] == ["Good", "BadMonitoredItemIdInvalid"]
        await bench.play(1.0, 2.0, path="I2/Value")
        await bench.play(1.0)
        await watching.until(2, handle=1)
        assert numbers(await watching.until(2, handle=2))[-2:] == [1.0, 2.0]


@check
async def republish_until_acknowledged(bench: Bench) -> None:
    await bench.play(7.0)
    async with bench.client() as one:
        watching = await one.subscribe(RequestedMaxKeepAliveCount=1)
        await watching.item(bench.node("I1/Value"))
        await watching.until(1)
        request = ua.RepublishRequest()
        request.Parameters.SubscriptionId, request.Parameters.RetransmitSequenceNumber = watching.id, 1
        again = (await one.ask(request)).NotificationMessage
        assert again == watching.messages[-1].NotificationMessage
        await watching.publish(1)
        assert await one.status(request) == "BadMessageNotAvailable"
        request.Parameters.RetransmitSequenceNumber = 99
        assert await one.status(request) == "BadMessageNotAvailable"


@check
async def subscriptions_are_transferred_whole_or_not_at_all(bench: Bench) -> None:
    await bench.play(1.0)
    async with bench.client() as giver, bench.client() as taker:
        watching = await giver.subscribe()
        await watching.item(bench.node("I1/Value"))
        await watching.until(1)
        request = ua.TransferSubscriptionsRequest()
        request.Parameters.SubscriptionIds, request.Parameters.SendInitialValues = [watching.id], True
        (result,) = (await taker.ask(request)).Parameters.Results
        if result.StatusCode.name == "BadUserAccessDenied":  # whoever is behind it cannot be told without security
            assert giver.client.security_policy.Mode == ua.MessageSecurityMode.None_
            return
        assert (result.StatusCode.name, result.AvailableSequenceNumbers) == ("Good", [1])
        watching.asking = taker
        assert numbers(await watching.until(2)) == [1.0, 1.0]
        waiting = Watching(giver, watching.id)
        (lost,) = (await waiting.publish()).NotificationMessage.NotificationData
        assert lost.Status.name == "GoodSubscriptionTransferred"


@check
async def methods_of_the_server_check_their_arguments(bench: Bench) -> None:
    async with bench.client() as one:
        watching = await one.subscribe()
        item = await watching.item(bench.node("I1/Value"))
        number = ua.Variant(watching.id, ua.VariantType.UInt32)
        text = ua.Variant("1", ua.VariantType.String)
        items = ua.ObjectIds.Server_GetMonitoredItems
        found = await one.call(items, number)
        assert [list(output.Value) for output in found.OutputArguments] == [[item.MonitoredItemId], [1]]
        assert (await one.call(items)).StatusCode.name == "BadArgumentsMissing"
        assert (await one.call(items, number, number)).StatusCode.name == "BadTooManyArguments"
        wrong = await one.call(items, text)
        assert wrong.StatusCode.name == "BadInvalidArgument"
        assert [status.name for status in wrong.InputArgumentResults] == ["BadTypeMismatch"]
        await watching.until(1)
        assert (await one.call(ua.ObjectIds.Server_ResendData, number)).StatusCode.is_good()
        assert len(await watching.until(2)) == 2


@check
async def subscriptions_of_others_do_not_exist(bench: Bench) -> None:
    await bench.play(1.0)
    async with bench.client() as owner, bench.client() as thief:
        watching = await owner.subscribe()
        await watching.item(bench.node("I1/Value"))
        await watching.until(1)
        delete = ua.DeleteSubscriptionsRequest()
        delete.Parameters.SubscriptionIds = [watching.id]
        assert [status.name for status in (await thief.ask(delete)).Results] == ["BadSubscriptionIdInvalid"]
        create = ua.CreateMonitoredItemsRequest()
        create.Parameters.SubscriptionId = watching.id
        target = ua.ReadValueId(bench.node("I1/Value"), ua.AttributeIds.Value)
        create.Parameters.ItemsToCreate = [ua.MonitoredItemCreateRequest(target)]
        assert await thief.status(create) == "BadSubscriptionIdInvalid"
        await bench.play(2.0)
        assert numbers(await watching.until(2)) == [1.0, 2.0]


@check
async def tokens_are_random_and_bound_to_their_channel(bench: Bench) -> None:
    async with bench.client() as one, bench.client() as other:
        tokens = [asking.client.uaclient.protocol.authentication_token for asking in (one, other)]
        assert all(token.NodeIdType == ua.NodeIdType.ByteString and len(token.Identifier) >= 16 for token in tokens)
        protocol = other.client.uaclient.protocol
        protocol.authentication_token = tokens[0]
        read = ua.ReadRequest()
        read.Parameters.NodesToRead = [ua.ReadValueId(bench.node("I1/Value"), ua.AttributeIds.Value)]
        assert await other.status(read) == "BadSecureChannelIdInvalid"
        protocol.authentication_token = tokens[1]
        assert await one.status(read) == "Good"


@check
async def diagnostics_are_not_null(bench: Bench) -> None:
    ids = ua.ObjectIds
    async with bench.client() as one:
        for node in (
            ids.Server_ServerDiagnostics_EnabledFlag,
            ids.Server_ServerDiagnostics_ServerDiagnosticsSummary_CurrentSessionCount,
            ids.Server_ServerCapabilities_ServerProfileArray,
            ids.Server_ServerCapabilities_MinSupportedSampleRate,
            ids.Server_ServiceLevel,
        ):
            found = await one.read(ua.NodeId(node))
            assert found.StatusCode.is_good()
            assert found.Value.Value is not None


@check
async def services_that_are_not_offered_say_so(bench: Bench) -> None:
    async with bench.client() as one:
        assert await one.status(ua.RegisterServerRequest()) == "BadServiceUnsupported"
        assert await one.status(ua.QueryFirstRequest()) == "BadServiceUnsupported"
