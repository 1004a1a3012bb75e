"""Every bench runs, at sizes that take seconds. Its figures are nobody's business here."""

from __future__ import annotations

import pytest

from bench.line import line
from bench.opcua import Options, opcua
from bench.opcua_cells import Cell
from bench.publish import Load, cpu_per_value, wire_to_client
from bench.replug import replug
from bench.soak import balanced, soak
from bench.waveforms import Window, stage


async def test_values_reach_a_client_of_each_server_that_publish_compares(capfd: pytest.CaptureFixture[str]) -> None:
    load = Load(devices=1, points=2, rate_hz=20, clients=1)
    results = await cpu_per_value([load], windows=1, window_s=0.5)
    assert [protocol for protocol, _load in results] == ["OPC UA", "Channel Access"]
    for pair in results.values():
        assert all(result is not None and result.values_s > 0 and result.delivered > 0 for result in pair)
    assert capfd.readouterr().out.count(" at 20 Hz") == 4


async def test_values_reach_clients_of_the_opcua_servers_that_are_always_there() -> None:
    servers = ("gateway", "encrypted", "asyncua")
    options = Options(servers, [20], [1], devices=1, points=2, starts=(1,), windows=1, window_s=0.5)
    cells = await opcua(options)
    assert [contender.name for contender, _load in cells] == [
        "(making the values)",
        "gateway",
        "gateway, encrypted",
        "asyncua",
    ]
    for (_contender, load), cell in cells.items():
        assert isinstance(cell, Cell)
        assert cell.changes_s > 0
        assert (cell.delivered > 0) == (load.clients > 0)


async def test_values_reach_both_clients_through_a_whole_gateway() -> None:
    rows = await wire_to_client(analysers=1, rate_hz=10, seconds=1)
    assert [float(values_s) > 0 for _client, values_s, _p50, _p99 in rows] == [True, True]


async def test_the_line_is_polled_in_both_framings(capfd: pytest.CaptureFixture[str]) -> None:
    await line(sweeps=1, repeats=1, most_analysers=1)
    rows = [text.split() for text in capfd.readouterr().out.splitlines() if text.startswith("  modbus-")]
    assert [row[0] for row in rows] == ["modbus-rtu,", "modbus-ascii,"]
    assert {row[-1] for row in rows} == {"0"}, "the gateway missed an idle gap"


async def test_a_short_soak_keeps_its_promises(capfd: pytest.CaptureFixture[str]) -> None:
    assert await soak(minutes=0.05, lines=1)
    assert "line1a3" in capfd.readouterr().out


async def test_a_few_unplugged_wires_leave_nothing_behind(capfd: pytest.CaptureFixture[str]) -> None:
    assert await replug(cycles=2, warm_up=2)
    assert "continuousSerial" in capfd.readouterr().out


async def test_waveforms_reach_a_client_of_each_protocol_in_one_piece() -> None:
    async with stage(4000) as one:
        window = await one.window(1.0)
    assert window.seen.keys() == {"epics_ca", "epics_pva", "opcua"}
    assert all(counted["samples"] > 0 == counted["torn"] for counted in window.seen.values())
    complete = {name: counted | {"samples": 8000, "gaps": 0} for name, counted in window.seen.items()}
    assert Window(1.0, 0.1, 100.0, complete).is_whole(4000)
    assert not Window(1.0, 0.1, 100.0, complete | {"opcua": {**complete["opcua"], "gaps": 1}}).is_whole(4000)


def test_an_unaccounted_slot_is_noticed() -> None:
    assert balanced({"scheduled": 10, "samples_emitted": 7, "samples_dropped": 1, "samples_late": 2})
    assert not balanced({"scheduled": 11, "samples_emitted": 7, "samples_dropped": 1, "samples_late": 2})
