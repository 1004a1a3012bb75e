"""Clients of two families see alarms and answer them, over the network."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import anyio
import pytest
from asyncua import Client, ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.model.points import SiteSpec
from tests.adapters.opcua.recording_desk import PASSWORD, USER, ClientKeys, RecordingDesk, logged_in
from tests.clients.node_client import NODE_FOLDER, NodeClient
from tests.conformance.analysers import PlayedAnalyser, played
from tests.serving import serving

FAILURE = "ns=2;s=stack/Alarms/Failure"
UP, DOWN = [{"Status/Fault": (True, "good")}], [{"Status/Fault": (False, "good")}]


@pytest.fixture
def alarm_adapter(alarm_site: SiteSpec, guarded: OpcUaSettings, desk: RecordingDesk) -> OpcUaAdapter:
    adapter = OpcUaAdapter(alarm_site, guarded)
    adapter.offer(desk)
    return adapter


@pytest.fixture
def stack(alarm_site: SiteSpec, alarm_adapter: OpcUaAdapter) -> PlayedAnalyser:
    return played(alarm_adapter, alarm_site)["stack"]


@pytest.fixture
async def alarm_url(alarm_adapter: OpcUaAdapter) -> AsyncIterator[str]:
    async with serving(alarm_adapter) as url:
        yield url


class Events:
    """Handler of an asyncua subscription that can be waited on."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self._news = anyio.Event()

    def event_notification(self, event: Any) -> None:
        self.seen.append(event)
        self._news.set()

    async def until(self, fits: Callable[[Any], bool]) -> Any:
        with anyio.fail_after(20):
            while not any(map(fits, self.seen)):
                self._news = anyio.Event()
                await self._news.wait()
        return next(filter(fits, self.seen))


def _is(name: str, **fields: object) -> Callable[[Any], bool]:
    return lambda event: (
        getattr(event, "ConditionName", None) == name
        and all(getattr(event, field.replace("_", "/"), None) == value for field, value in fields.items())
    )


async def test_asyncua_lists_acknowledges_and_confirms(alarm_url: str, stack: PlayedAnalyser, keys: ClientKeys) -> None:
    await stack.play(UP)
    client = await logged_in(alarm_url, keys)
    try:
        events = Events()
        subscription = await client.create_subscription(100, events)
        await subscription.subscribe_alarms_and_conditions(
            client.nodes.server, client.get_node(ua.NodeId(ObjectIds.AlarmConditionType))
        )
        refresh = ua.NodeId(ObjectIds.ConditionType_ConditionRefresh)
        number = ua.Variant(subscription.subscription_id, ua.VariantType.UInt32)
        await client.get_node(ua.NodeId(ObjectIds.ConditionType)).call_method(refresh, number)
        up = await events.until(_is("Failure", ActiveState_Id=True))
        assert up.NodeId == ua.NodeId.from_string(FAILURE)
        assert (up.Severity, up.SourceName, up.Message.Text) == (800, "stack", "stack: failure")
        failure = client.get_node(up.NodeId)
        acknowledge = ua.NodeId(ObjectIds.AcknowledgeableConditionType_Acknowledge)
        await failure.call_method(acknowledge, up.EventId, ua.LocalizedText("seen", "en"))
        seen = await events.until(_is("Failure", AckedState_Id=True))
        assert (seen.Comment, seen.ClientUserId) == (ua.LocalizedText("seen", "en"), USER)
        with pytest.raises(ua.uaerrors.BadConditionBranchAlreadyAcked):
            await failure.call_method(acknowledge, up.EventId, ua.LocalizedText("again"))
        await stack.play(DOWN)
        down = await events.until(_is("Failure", ActiveState_Id=False, Retain=True))
        confirm = ua.NodeId(ObjectIds.AcknowledgeableConditionType_Confirm)
        await failure.call_method(confirm, down.EventId, ua.LocalizedText("fan replaced"))
        await events.until(_is("Failure", ConfirmedState_Id=True, Retain=False))
        shown = await failure.get_child(["0:ConfirmedState", "0:Id"])
        assert await shown.read_value() is True
    finally:
        await client.disconnect()


async def test_the_state_of_a_condition_can_be_watched(alarm_url: str, stack: PlayedAnalyser) -> None:
    async with Client(alarm_url) as client:
        active = client.get_node(f"{FAILURE}/ActiveState/Id")
        values: list[bool] = []
        news = anyio.Event()

        class Handler:
            def datachange_notification(self, _node: object, value: bool, _data: object) -> None:
                values.append(value)
                news.set()

        subscription = await client.create_subscription(50, Handler())
        await subscription.subscribe_data_change(active)
        with anyio.fail_after(20):
            await news.wait()
            await stack.play(UP)
            while values[-1] is not True:
                news = anyio.Event()
                await news.wait()
        assert values == [False, True]
        await subscription.delete()


async def _lines(node_client: NodeClient, request: dict[str, object]) -> AsyncIterator[Any]:
    command = ["node", str(NODE_FOLDER / "alarm_client.js"), json.dumps(request)]
    async with await anyio.open_process(command, env=node_client._environment) as process:
        assert process.stdout is not None
        text = b""
        async for chunk in process.stdout:
            text += chunk
            *lines, text = text.split(b"\n")
            for line in lines:
                yield json.loads(line)


async def test_node_opcua_keeps_a_list_of_alarms_and_answers(
    alarm_url: str, stack: PlayedAnalyser, node_client: NodeClient, keys: ClientKeys
) -> None:
    await stack.play([{"I2/Alarm2": (True, "good")}])
    request = {"url": alarm_url, "user": USER, "password": PASSWORD, "condition": FAILURE, "alarms": 2, **keys.for_node}
    heard: dict[str, Any] = {}
    with anyio.fail_after(60):
        async with aclosing(_lines(node_client, request)) as lines:
            async for line in lines:
                heard |= line
                if "listed" in line:
                    await stack.play(UP)
    assert {one["name"] for one in heard["listed"]} == {"Alarm2", "Limits"}  # the value is 0, below the low limit
    listed = next(one for one in heard["listed"] if one["name"] == "Alarm2")
    assert (listed["source"], listed["message"]) == ("stack/I2", "stack I2: alarm 2")
    assert (listed["active"], listed["acknowledged"], listed["retain"]) == (True, False, True)
    assert (heard["raised"]["severity"], heard["raised"]["type"]) == (800, "ns=0;i=18347")
    answers = heard["answers"]
    assert {name: answers[name] for name in ("comment", "acknowledge", "confirm", "TimedShelve", "Unshelve")} == (
        dict.fromkeys(("comment", "acknowledge", "confirm", "TimedShelve", "Unshelve"), "Good")
    )
    assert answers["again"] == "BadConditionBranchAlreadyAcked"
    assert (answers["acknowledged"]["user"], answers["acknowledged"]["comment"]) == (USER, "seen")
    assert (answers["confirmed"]["active"], answers["confirmed"]["retain"]) == (True, True)
