"""What every driver with actions owes: clear descriptions, none in continuous mode, leftovers read untouched."""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest

from gateway import registry
from gateway.errors import ActionRefusedError
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.ports import ActionDriver, WireActionDriver
from gateway.simulator import LineSettings, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from tests.contract.test_drivers import EXAMPLES, made

NAMES = [name for name in registry.driver_names() if isinstance(registry.driver(name), ActionDriver)]
ON_A_BUS = [name for name in NAMES if isinstance(registry.driver(name), WireActionDriver)]
ASKED = sorted(set(ProtocolKind) - {ProtocolKind.CONTINUOUS, ProtocolKind.LOCAL})


def test_there_are_some() -> None:
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_well_described(name: str) -> None:
    driver, options = made(name)
    for protocol in sorted(driver.protocols - {ProtocolKind.CONTINUOUS}):
        actions = driver.actions(options, protocol)
        assert len({action.name for action in actions}) == len(actions) > 0
        for thing in [*actions, *(argument for action in actions for argument in action.arguments)]:
            assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", thing.name)
            assert thing.description
            assert thing.description.isprintable()
        for action in actions:
            assert len({argument.name for argument in action.arguments}) == len(action.arguments)
            assert all(argument.lowest <= argument.highest for argument in action.arguments)


@pytest.mark.parametrize("name", ON_A_BUS)
def test_nothing_can_be_done_in_continuous_mode(name: str) -> None:
    driver, options = made(name)
    assert list(driver.actions(options, ProtocolKind.CONTINUOUS)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_description_opens_nothing_by_itself(name: str) -> None:
    driver, options = made(name)
    assert all(driver.describe(options, protocol).actions == () for protocol in driver.protocols)


@pytest.mark.parametrize("protocol", ASKED)
@pytest.mark.parametrize("name", ON_A_BUS)
async def test_looking_for_leftovers_and_unknown_actions_write_nothing(name: str, protocol: ProtocolKind) -> None:
    driver, options = made(name)
    clock = SystemClock()
    settings = LineSettings("line", TcpLink(), protocol, baudrate=None, turnaround_s=0.0)
    async with running(SimulatorSettings((settings,)), clock) as simulator:
        line = simulator.lines["line"]
        heard: list[bytes] = []
        slave: Any = line.conversation._slaves[EXAMPLES[name].options["address"]]  # type: ignore[union-attr]
        answer = slave.answer
        slave.answer = lambda request: heard.append(request) or answer(request)  # type: ignore[func-returns-value]
        bus = SharedModbusBus("line", BusSpec(f"socket://{line.endpoint}", protocol, idle_gap_ms=1), clock)
        with anyio.fail_after(10):
            executor = driver.executor("device", options, bus)
            assert list(await executor.leftovers()) == []
            heard_before = len(heard)
            with pytest.raises(ActionRefusedError):
                await executor.perform("NoSuchAction", ())
            await bus.aclose()
        assert len(heard) == heard_before
        assert not [request for request in heard if request[0] in (5, 6, 15, 16, 22, 23)]
