"""node-opcua finds the methods, logs in and calls; whoever has not proved a name may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.model.actions import ActionOrigin, ActionRequest
from gateway.model.update import Update
from tests.adapters.opcua.recording_desk import ACTION, METHOD, PASSWORD, USER, ClientKeys, RecordingDesk
from tests.clients.node_client import NodeClient

ALICE = {"user": USER, "password": PASSWORD}
START = {"object": ACTION, "method": METHOD}
GROUP_2, YES, NO = ["UInt32", 2], ["Boolean", True], ["Boolean", False]
VALUE = "ns=2;s=stack/I1/Value"


async def test_a_method_and_who_may_call_it(action_url: str, node_client: NodeClient, keys: ClientKeys) -> None:
    seen = await node_client.ask(action_url, "method", method=METHOD)
    assert seen["inputs"] == [
        {"name": "Group", "type": "UInt32", "rank": -1, "description": "Calibration group (1 to 4)"},
        {"name": "Confirm", "type": "Boolean", "rank": -1, "description": "true: I mean it"},
    ]
    assert [output["type"] for output in seen["outputs"]] == ["String"]
    assert (seen["executable"], seen["userExecutable"]) == (True, False)
    assert (await node_client.ask(action_url, "method", method=METHOD, **ALICE, **keys.for_node))[
        "userExecutable"
    ] is True


async def test_an_operator_calls(
    action_url: str, node_client: NodeClient, desk: RecordingDesk, keys: ClientKeys
) -> None:
    calls = [[GROUP_2, YES], [GROUP_2], [["Double", 2], YES], [GROUP_2, NO]]
    assert await node_client.ask(action_url, "call", **START, **ALICE, **keys.for_node, calls=calls) == [
        {"status": "Good", "arguments": ["Good", "Good"], "outputs": ["StartAutocalibration (2,): done"]},
        {"status": "BadArgumentsMissing", "arguments": [], "outputs": []},
        {"status": "BadInvalidArgument", "arguments": ["BadTypeMismatch", "Good"], "outputs": []},
        {"status": "BadInvalidArgument", "arguments": ["Good", "BadInvalidArgument"], "outputs": []},
    ]
    origin = ActionOrigin("opcua", "127.0.0.1", USER, proved=True)
    assert desk.requests == [
        ActionRequest("stack", "StartAutocalibration", (2,), confirmed=confirmed, origin=origin)
        for confirmed in (True, False)
    ]


async def test_nobody_else_does(
    action_url: str, node_client: NodeClient, desk: RecordingDesk, keys: ClientKeys
) -> None:
    for how in ({}, {"secure": True, **keys.for_node}):
        (refused,) = await node_client.ask(action_url, "call", **START, **how, calls=[[GROUP_2, YES]])
        assert refused["status"] == "BadUserAccessDenied"
    wrong = await node_client.ask(action_url, "login", user=USER, password="wrong", **keys.for_node)
    assert wrong["accepted"] is False
    assert "BadUserAccessDenied" in wrong["error"]
    assert [mode[0] for mode in wrong["modes"]] == ["None", "SignAndEncrypt"]
    assert wrong["offered"] == ["Anonymous", "Anonymous", "UserName", "Certificate"]
    assert desk.requests == []


async def test_a_call_in_progress_holds_up_no_subscription(
    action_adapter: OpcUaAdapter,
    action_url: str,
    node_client: NodeClient,
    desk: RecordingDesk,
    keys: ClientKeys,
    update: Callable[..., Update],
) -> None:
    go_on = desk.hold()
    answers: list[Any] = []

    async def call() -> None:
        who = {**ALICE, **keys.for_node}
        answers.extend(await node_client.ask(action_url, "call", **START, **who, calls=[[GROUP_2, YES]]))

    async def play() -> None:
        for tick in range(1, 6):
            action_adapter.apply(update((float(tick),), changed=[0]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await desk.until_asked()
        seen = await node_client.subscribe(action_url, [VALUE], 6, play)
        assert [one["value"] for one in seen["notifications"]][1:] == [1.0, 2.0, 3.0, 4.0, 5.0]
        assert answers == []
        go_on.set()
    assert [answer["status"] for answer in answers] == ["Good"]
