"""The sample site of register tables, on its simulator: what the self-test says of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from gateway.cli.simulate import load_simulator
from gateway.selftest.ask_analysers import ask_analysers
from gateway.selftest.checks import analysers, channels, leftovers, servers
from gateway.selftest.finding import Outcome
from gateway.selftest.subject import Subject
from gateway.settings.load import load_settings
from gateway.simulator import SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock

CONFIG = Path(__file__).parents[3] / "config"


async def test_the_self_test_of_the_sample_site(tmp_path: Path) -> None:
    clock = SystemClock()
    simulated = load_simulator(CONFIG / "modbus-table-simulator.yaml")
    lines = tuple(replace(line, link=TcpLink(), baudrate=None, turnaround_s=0.0) for line in simulated.lines)
    async with running(SimulatorSettings(lines), clock) as simulator:
        text = (CONFIG / "modbus-table.yaml").read_text()
        for old, line in (("127.0.0.1:5304", "energy"), ("127.0.0.1:5305", "laboratory")):
            text = text.replace(f"socket://{old}", f"socket://{simulator.lines[line].endpoint}")
        config = tmp_path / "site.yaml"
        config.write_text(text)
        subject = Subject(config, load_settings(config), clock, 20.0, lambda _text: None)
        for bus in subject.buses:
            await ask_analysers(bus, clock, 20.0, lambda _text: None)
        assert {finding.outcome for finding in await analysers.check(subject)} == {Outcome.PASS}
        said = {finding.text.partition(": ")[0]: finding.text for finding in await channels.check(subject)}
        assert {name: re.findall(r"(\w+)/Value", text) for name, text in said.items()} == {
            "meter": ["VoltageL1", "VoltageL2", "VoltageL3", "Power", "Frequency", "EnergyImported"],
            "air": [
                *("CO2", "CompensationTemperature", "Temperature"),
                *("PressureSetting", "TemperatureSetting", "HumiditySetting", "OxygenSetting"),
            ],
            "Humidity/Value no value of cooler is no-value": ["Humidity"],
            "cooler": ["Temperature", "Setpoint", "Mode", "Pump", "SerialNumber"],
        }
        assert "Mode/Value cooling, Pump/Value True, SerialNumber/Value C-0042/B" in said["cooler"]
        assert {finding.outcome for finding in await leftovers.check(subject)} <= {Outcome.PASS, Outcome.SKIPPED}
        assert [finding.outcome for finding in await servers.check(subject)] == [Outcome.PASS, Outcome.PASS]
