"""A crash of one northbound server, of the real ones, leaves the other one and its clients alone."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from asyncua import Client, ua

from gateway.adapters.epics_ca import circuit
from gateway.adapters.opcua.services.method_table import MethodTable
from gateway.app import Gateway
from gateway.runtime import adapter_runner
from gateway.settings.load import load_settings
from tests.clients.libca import LibcaClient
from tests.system.installation import ANALYSERS, PATIENCE_S, Installation, install, simulated
from tests.system.returning_clients import clients, until_fresh


async def test_a_crash_of_one_server_is_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(adapter_runner, "_RESTART_S", 0.2)
    async with simulated() as (simulator, folder), anyio.create_task_group() as tasks:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
        installation = install(folder, simulator)
        stop = anyio.Event()
        await tasks.start(Gateway(load_settings(installation.config)).run, stop)
        async with clients(installation) as (libca, seen):
            await until_fresh(libca, seen)
            begun = {name: len(seen.values[name]) for name in ANALYSERS}
            await crash_ca(monkeypatch, installation)
            await until_crashed(caplog, "epics_ca")
            assert (await LibcaClient(installation.ca_port).get("T:tcp:Status:Tick"))["T:tcp:Status:Tick"]["value"] > 0
            await seen.until(lambda values: all(len(values[name]) > begun[name] + 2 for name in ANALYSERS))
            for name in ANALYSERS:
                assert_no_gap([data.Value.Value for data in seen.values[name][begun[name] :]])
            await until_fresh(libca, seen)
            begun = {name: len(await libca.events(name, 1)) for name in ANALYSERS}
            await crash_opcua(monkeypatch, installation)
            await until_crashed(caplog, "opcua")
            await until_fresh(libca, seen)
            for name in ANALYSERS:
                events = await libca.events(name, begun[name] + 1)
                assert_no_gap([event["value"] if event["ok"] else None for event in events[begun[name] :]])
        stop.set()
    crashes = [record.name for record in caplog.records if record.exc_info and record.name.startswith("gateway")]
    assert crashes == ["gateway.adapters.epics_ca", "gateway.adapters.opcua"]


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> None:
    """Let the next call of a method raise what nobody expects."""
    original = getattr(owner, method)

    def fail(*_arguments: object) -> None:
        setattr(owner, method, original)
        raise RuntimeError("a bug")

    monkeypatch.setattr(owner, method, fail)


async def crash_opcua(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> None:
    fail_once(monkeypatch, MethodTable, "call")
    client = Client(installation.url)
    await client.connect()
    with pytest.raises((ConnectionError, ua.UaError)):
        await client.uaclient.call([ua.CallMethodRequest(ua.NodeId(2253), ua.NodeId(11492))])
    client.disconnect_socket()
    await client.disconnect()


async def crash_ca(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> None:
    fail_once(monkeypatch, circuit.Circuit, "_take")
    async with await anyio.connect_tcp("127.0.0.1", installation.ca_port) as client:
        version, echo = bytes(16), b"\0\x17" + bytes(14)
        await client.send(version + echo)
        with anyio.fail_after(PATIENCE_S), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            while True:
                await client.receive()


async def until_crashed(caplog: pytest.LogCaptureFixture, name: str) -> None:
    with anyio.fail_after(PATIENCE_S):
        while not any(f"{name} crashed" in record.getMessage() for record in caplog.records):  # noqa: ASYNC110  a log
            await anyio.sleep(0.01)


def assert_no_gap(ticks: list[Any]) -> None:
    assert None not in ticks
    assert ticks == [ticks[0] + number for number in range(len(ticks))]
