"""Starting and stopping the server, with clients connected."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread
from p4p import Value
from p4p.client.thread import Disconnected

from gateway.errors import AdapterError
from gateway.model.quality import State
from tests.adapters.epics_pva.works import made, update
from tests.clients.pva_client import Events, got, pva_client
from tests.serving import serving


async def test_one_adapter_serves_again_and_again_and_leaves_nothing_behind() -> None:
    adapter = made()
    async with serving(adapter):
        pass
    threads = threading.active_count()
    for number in range(1, 6):
        adapter.apply(update({"I1/Value": float(number)}))
        async with serving(adapter) as endpoint:
            (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I1")
            assert pv["value"] == number
    assert threading.active_count() <= threads + 1


async def test_two_servers_of_one_process_do_not_know_each_other() -> None:
    first, second = made(), made()
    first.apply(update({"I1/Value": 1.0}))
    second.apply(update({"I1/Value": 2.0}))
    async with serving(first) as one, serving(second) as other:
        assert one != other
        for endpoint, value in ((one, 1.0), (other, 2.0)):
            (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I1")
            assert pv["value"] == value


async def test_clients_learn_that_the_gateway_stops_and_then_that_it_is_gone() -> None:
    adapter = made()
    adapter.apply(update({"I1/Value": 20.0}))
    with ExitStack() as clients:
        async with serving(adapter) as endpoint:
            events = Events(clients.enter_context(pva_client(endpoint)), "W:stack:I1")
            await to_thread.run_sync(events.until, lambda event: isinstance(event, Value))
            adapter.apply(update({"I1/Value": 20.0}, State.STOPPED))
        await to_thread.run_sync(events.until, lambda event: isinstance(event, Disconnected))
    last = [event for event in events.seen if isinstance(event, Value)][-1]
    assert (last["value"], last["alarm.severity"], last["alarm.message"]) == (20.0, 3, "stopped")


async def test_a_stop_during_the_start_leaves_no_server(unused_port: int) -> None:
    adapter = made(port=unused_port)
    async with anyio.create_task_group() as tasks:

        async def serve() -> None:
            await adapter.serve(task_status=anyio.TASK_STATUS_IGNORED)

        tasks.start_soon(serve)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert adapter.endpoints == ()
    async with serving(made(port=unused_port)) as endpoint:
        assert endpoint.endswith(f":{unused_port}")


async def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(AdapterError, match="epics_pva"):
        await made(interfaces=("192.0.2.77",)).serve(task_status=anyio.TASK_STATUS_IGNORED)


async def test_the_environment_is_heeded_where_the_settings_are_silent(
    monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("EPICS_PVAS_SERVER_PORT", str(unused_port))
    monkeypatch.setenv("EPICS_PVAS_INTF_ADDR_LIST", "127.0.0.1")
    async with serving(made(interfaces=None, port=None)) as endpoint:
        assert endpoint == f"127.0.0.1:{unused_port}"
    monkeypatch.setenv("EPICS_PVAS_SERVER_PORT", "none")
    with pytest.raises(AdapterError, match="the EPICS environment cannot be used"):
        await made(port=None).serve(task_status=anyio.TASK_STATUS_IGNORED)
