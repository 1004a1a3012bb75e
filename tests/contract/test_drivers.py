"""What every registered driver owes the rest of the gateway. A new one is tested by adding its example."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from gateway import registry
from gateway.drivers.daq.settings import DaqChannel, DaqDevice
from gateway.drivers.library.settings import Call, LibraryChannel
from gateway.drivers.modbus_table.settings import RegisterType, TableChannel, WriteSpec
from gateway.model.bus_spec import BusSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.projection import projection
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ProtocolKind
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.ports import LocalDriver
from gateway.simulator import LineSettings, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from gateway.wire.opener import ByteLinkOpener


@dataclass(frozen=True)
class Example:
    """A right set of options for one driver, and what speaks its protocol."""

    driver: str
    options: dict[str, Any]


EXAMPLES = {
    "daq": Example(
        "daq",
        {
            "device": DaqDevice("simulated"),
            "channels": {"ai0": DaqChannel("V"), "ao0": DaqChannel("V", range=(-10, 10), direction="output")},
            "block_size": 50,
        },
    ),
    "library": Example(
        "library",
        {"record": Call("tests.contract.one_recording:record"), "channels": {"T": LibraryChannel(unit="degC")}},
    ),
    "modbus_table": Example(
        "modbus_table",
        {
            "channels": {
                "First": TableChannel(at="input 0", type=RegisterType.U16),
                "Second": TableChannel(at="coil 0", write=WriteSpec()),
            },
            "address": 30,
        },
    ),
    "servomex4100": Example(
        "servomex4100",
        {"channels": {"I1": ChannelSpec("%", (0, 25)), "I3": ChannelSpec("%"), "E2": ChannelSpec("mA")}, "address": 30},
    ),
}
CASES = [
    pytest.param(name, protocol, id=f"{name}-{protocol}")
    for name in registry.driver_names()
    for protocol in sorted(registry.driver(name).protocols - {ProtocolKind.LOCAL})
]
LOCAL = [name for name in registry.driver_names() if ProtocolKind.LOCAL in registry.driver(name).protocols]


def made(name: str) -> tuple[Any, Any]:
    driver = registry.driver(name)
    return driver, driver.settings(**EXAMPLES[name].options)


def test_every_driver_has_an_example() -> None:
    assert EXAMPLES.keys() == set(registry.driver_names())


@pytest.mark.parametrize("name", registry.driver_names())
def test_settings_are_a_frozen_dataclass_whose_keys_are_documented(name: str) -> None:
    settings = registry.driver(name).settings
    assert dataclasses.is_dataclass(settings)
    assert settings.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for field in dataclasses.fields(settings):
        assert f"{field.name}:" in (settings.__doc__ or ""), field.name


@pytest.mark.parametrize("name", registry.driver_names())
def test_importing_the_driver_imports_no_engine(name: str) -> None:
    script = (
        "import sys; from gateway import registry; registry.driver(sys.argv[1]);"
        "engines = {'asyncua', 'caproto', 'numpy', 'pymodbus', 'serial', 'sounddevice'};"
        "sys.exit(bool(engines & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script, name], check=False).returncode == 0


@pytest.mark.parametrize(("name", "protocol"), CASES)
def test_a_right_example_has_no_problems_and_describes_itself(name: str, protocol: ProtocolKind) -> None:
    driver, options = made(name)
    assert list(driver.check(options, protocol)) == []
    description = driver.describe(options, protocol)
    assert list(description.channels) == list(EXAMPLES[name].options["channels"])
    assert (description.frame_interval_s is not None) == (protocol is ProtocolKind.CONTINUOUS)
    exchanges = driver.exchanges(options, protocol)
    assert exchanges
    assert all(exchange.answer > 0 for exchange in exchanges)
    assert all((exchange.request > 0) == (protocol is not ProtocolKind.CONTINUOUS) for exchange in exchanges)


@pytest.mark.parametrize("name", LOCAL)
def test_a_driver_without_a_bus_describes_every_point(name: str) -> None:
    driver, options = made(name)
    assert isinstance(driver, LocalDriver)
    assert list(driver.check(options, ProtocolKind.LOCAL)) == []
    description = driver.describe(options, ProtocolKind.LOCAL)
    assert description.is_local
    assert list(description.channels) == list(EXAMPLES[name].options["channels"])
    assert {described.channel for described in description.points} >= set(description.channels)
    source = driver.connect("device", options, 20.0, SystemClock())
    assert all(hasattr(source.counters, counter.attribute) for counter in description.counters)


@pytest.mark.parametrize("name", LOCAL)
async def test_batches_of_a_driver_without_a_bus_follow_the_description(name: str) -> None:
    driver, options = made(name)
    description = driver.describe(options, ProtocolKind.LOCAL)
    group = build_site("site", [("device", "", description)]).groups[0]
    known = {described.point.browse_path for described in description.points}
    with anyio.fail_after(10):
        async with aclosing(driver.connect("device", options, 20.0, SystemClock()).batches()) as batches:
            batch = await anext(batches)
    assert {sample.channel for sample in batch} <= known
    assert {(sample.device, sample.protocol, sample.error) for sample in batch} == {
        ("device", ProtocolKind.LOCAL, None)
    }
    update = projection(group, description).project(batch)
    assert len(update.values) == len(update.states) == len(group.points)
    assert State.GOOD in update.states[: len(description.points)]


@pytest.mark.parametrize(("name", "protocol"), CASES)
async def test_batches_follow_the_description(name: str, protocol: ProtocolKind) -> None:
    driver, options = made(name)
    description = driver.describe(options, protocol)
    group = build_site("site", [("device", "", description)]).groups[0]
    async with first_batch(driver, options, protocol) as batch:
        described = [described.point.browse_path for described in description.points]
        assert [sample.channel for sample in batch] == (described or list(description.channels))
        assert len({sample.monotonic_ns for sample in batch}) == 1
        assert len({sample.received_at for sample in batch}) == 1
        for sample in batch:
            assert (sample.device, sample.protocol, sample.error) == ("device", protocol, None)
            assert described or isinstance(sample.metadata["analyser"], AnalyserStatus)
            asked = protocol is not ProtocolKind.CONTINUOUS
            assert (sample.latency_s is not None) == (sample.requested_at is not None) == asked
        update = projection(group, description).project(batch)
        assert len(update.values) == len(update.states) == len(group.points)
        assert update.states[0] is State.GOOD


@asynccontextmanager
async def first_batch(driver: Any, options: Any, protocol: ProtocolKind) -> AsyncIterator[Sequence[Sample]]:
    clock = SystemClock()
    line = LineSettings("line", TcpLink(), protocol, baudrate=None, turnaround_s=0.0, interval_s=0.05)
    async with running(SimulatorSettings((line,)), clock) as simulator:
        spec = BusSpec(f"socket://{simulator.lines['line'].endpoint}", protocol, idle_gap_ms=1)
        with anyio.fail_after(10):
            if protocol is ProtocolKind.CONTINUOUS:
                batches = driver.listen("device", options, ByteLinkOpener("line", spec, clock)).batches()
                try:
                    yield await anext(batches)
                finally:
                    await batches.aclose()
            else:
                bus = SharedModbusBus("line", spec, clock)
                try:
                    yield await driver.poll("device", options, bus).poll_samples()
                finally:
                    await bus.aclose()
