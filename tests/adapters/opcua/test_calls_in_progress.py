"""Calls that take their time: others go on, a client may leave, the server may stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.services.pending_calls import MAX_CALLS
from gateway.model.update import Update
from tests.adapters.opcua.recording_desk import (
    GROUP_2,
    YES,
    ClientKeys,
    RecordingDesk,
    call_request,
    logged_in,
    operator,
)

Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]
VALUE = "ns=2;s=stack/I1/Value"


async def test_a_call_in_progress_holds_up_nobody(
    action_adapter: OpcUaAdapter,
    action_url: str,
    keys: ClientKeys,
    desk: RecordingDesk,
    update: Callable[..., Update],
    collector: type[Any],
) -> None:
    go_on = desk.hold()
    async with operator(action_url, keys) as caller, Client(action_url) as other:
        seen = []
        for client in (caller, other):
            collected = collector()
            subscription = await client.create_subscription(50, collected)
            await subscription.subscribe_data_change(client.get_node(VALUE))
            await collected.until_count(1)
            seen.append(collected)
        async with anyio.create_task_group() as tasks:
            results: list[ua.CallMethodResult] = []

            async def call() -> None:
                results.append((await caller.uaclient.call([call_request(GROUP_2, YES)]))[0])

            tasks.start_soon(call)
            await desk.until_asked()
            for count in range(2, 8):  # more than the publish requests that were waiting when the call began
                action_adapter.apply(update((20.0 + count,), changed=[0]))
                for collected in seen:
                    await collected.until_count(count)
            assert await caller.get_node(VALUE).read_value() == 27.0
            assert results == []
            go_on.set()
        assert [result.StatusCode.name for result in results] == ["Good"]


async def test_a_client_that_leaves_gives_its_call_up(action_url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    desk.hold()
    client = await logged_in(action_url, keys)
    async with anyio.create_task_group() as tasks:

        async def call() -> None:
            with pytest.raises(ConnectionError):
                await client.uaclient.call([call_request(GROUP_2, YES)])

        tasks.start_soon(call)
        await desk.until_asked()
        client.uaclient.protocol.transport.abort()
    await desk.until_cancelled()
    await client.disconnect()
    assert desk.cancelled == 1


async def test_stopping_ends_calls_and_tells_their_clients(
    action_adapter: OpcUaAdapter, serving: Serving, keys: ClientKeys, desk: RecordingDesk
) -> None:
    desk.hold()
    ended = False
    with anyio.fail_after(30):  # for start and stop; the call by itself would never end
        async with anyio.create_task_group() as tasks:
            async with serving(action_adapter) as url:
                client = await logged_in(url, keys)

                async def call() -> None:
                    nonlocal ended
                    with pytest.raises(ua.uaerrors.BadServerHalted):
                        await client.uaclient.call([call_request(GROUP_2, YES)])
                    ended = True

                tasks.start_soon(call)
                await desk.until_asked()
    await client.disconnect()
    assert ended
    assert desk.cancelled == 1


async def test_a_connection_waits_for_a_few_calls_only(action_url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    go_on = desk.hold()
    async with operator(action_url, keys) as client, anyio.create_task_group() as tasks:
        statuses: list[str] = []

        async def call() -> None:
            try:
                (result,) = await client.uaclient.call([call_request(GROUP_2, YES)])
                statuses.append(result.StatusCode.name)
            except ua.uaerrors.BadTooManyOperations:
                statuses.append("too many")
                go_on.set()

        for _call in range(MAX_CALLS + 1):
            tasks.start_soon(call)
    assert sorted(statuses) == ["Good"] * MAX_CALLS + ["too many"]
    assert len(desk.requests) == MAX_CALLS
