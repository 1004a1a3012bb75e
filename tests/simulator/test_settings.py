"""From YAML to settings, and every complaint on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.errors import LinkError, SettingsError
from gateway.model.readings import ProtocolKind
from gateway.simulator import (
    Fault,
    FaultKind,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
    TcpLink,
    load_settings,
    running,
)
from gateway.simulator.settings import BENCH_CHANNELS
from gateway.simulator.signals import Constant, RandomWalk, Sine

DEMO = Path(__file__).parents[2] / "config" / "simulator.yaml"


def parsed(text: str) -> Any:
    return YAML(typ="safe").load(text)


def line_of(text: str) -> LineSettings:
    return load_settings({"lines": [parsed(text)]}).lines[0]


SMALL = "{name: a, link: {tcp: '127.0.0.1:0'}, protocol: modbus-rtu"


def test_defaults_are_the_bench() -> None:
    assert line_of(SMALL + "}") == LineSettings("a", TcpLink("127.0.0.1", 0), ProtocolKind.MODBUS_RTU)
    assert line_of(SMALL + ", baudrate: null}").baudrate is None
    assert line_of(SMALL.replace("-rtu", "-tcp") + "}").baudrate is None
    assert InstrumentSettings().channels is BENCH_CHANNELS


def test_every_key() -> None:
    line = line_of(
        """
        name: bench
        link: {pty: /tmp/analyser}
        protocol: continuous
        baudrate: 9600
        turnaround_ms: 30
        require_idle_gap: true
        interval_s: 1.5
        line_ending: lf
        instruments:
          - address: 7
            channels:
              I1: {name: Oxygen, unit: "%", decimals: 2, signal: {sine: {mean: 5, amplitude: 1, period_s: 60}}}
              I2: {unit: vpm, signal: {random_walk: {start: 5, step: 1, low: 0, high: 9}}}
              I3: {unit: vpm, signal: 12}
              I4: {unit: vpm, signal: {constant: 13}}
            slow_s: 0.7
            faults:
              - {kind: alarm-1, channel: I1, start_s: 1, duration_s: 2, period_s: 3}
              - {kind: silent}
            clock: unset
            calibration: {low_gas_s: 1, purge_s: 0}
        """
    )
    (instrument,) = line.instruments
    assert (line.link, line.baudrate, line.turnaround_s, line.idle_gap_s, line.interval_s, line.line_ending) == (
        PtyLink(Path("/tmp/analyser")),
        9600,
        0.03,
        0.05,
        1.5,
        b"\n",
    )
    signals = [channel.signal for channel in instrument.channels.values()]
    assert signals == [Sine(5, 1, 60), RandomWalk(5, 1, 0, 9), Constant(12), Constant(13)]
    assert instrument.slow_s == 0.7
    assert instrument.faults == (Fault(FaultKind.ALARM_1, "I1", 1, 2, 3), Fault(FaultKind.SILENT))
    assert instrument.clock_offset_s is None
    assert [phase.duration_s for phase in instrument.calibration_phases] == [1, 30, 0]


def test_idle_gap_in_milliseconds() -> None:
    assert line_of(SMALL + ", require_idle_gap: 20}").idle_gap_s == 0.02
    assert line_of(SMALL + ", require_idle_gap: false}").idle_gap_s == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "settings: a mapping is needed here, not []"),
        ("{}", "lines: is missing"),
        ("{lines: []}", "lines: a simulator needs at least one line"),
        ("{lines: 5}", "lines: a list is needed, not 5"),
        ("{lines: [5]}", "lines[0]: a mapping is needed here, not 5"),
    ],
)
def test_complaints_about_the_document(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(parsed(text))
    assert problem in caught.value.problems


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("protocl: 1", "lines[0].protocl: there is no such key; did you mean 'protocol'?"),
        ("protocol: modbus", "lines[0].protocol: 'modbus' is none of continuous, modbus-rtu, modbus-ascii, modbus-tcp"),
        ("link: {tcp: nowhere}", "lines[0].link.tcp: host:port is needed, for example 127.0.0.1:5020, not 'nowhere'"),
        ("link: {}", "lines[0].link: give either 'pty: /path' or 'tcp: host:port'"),
        ("name: 5", "lines[0].name: text is needed, not 5"),
        ("baudrate: 1.5", "lines[0].baudrate: a whole number is needed, not 1.5"),
        ("baudrate: 300", "line 'a': baudrate 300 is none of 2400, 4800, 9600, 19200 (or null for no pacing)"),
        ("turnaround_ms: -1", "lines[0].turnaround_ms: must not be negative, got -1"),
        ("interval_s: .nan", "lines[0].interval_s: a number between -1e9 and 1e9 is needed, not nan"),
        ("line_ending: cr", "lines[0].line_ending: 'cr' is none of crlf, lf"),
        ("instruments: []", "line 'a': a line needs at least one instrument"),
        ("instruments: [{}, {}]", "line 'a': 2 instruments have address 30; give each its own"),
        ("instruments: [{address: 0}]", "line 'a': instrument 0: address must be 1 to 247"),
        ("instruments: [{clock: soon}]", "lines[0].instruments[0].clock: 'unset' or 'offset_s: seconds' is needed"),
        ("instruments: [{channels: {X1: {unit: '%'}}}]", "line 'a': instrument 30: no channel is called X1"),
        ("instruments: [{channels: {E1: {unit: mA}}}]", "at least one transducer, I1 to I4, is needed"),
        ("instruments: [{channels: {I1: {unit: '%'}, D2: {unit: '%'}}}]", "D2 is derived from I2, which is missing"),
        ("instruments: [{channels: {I1: {}}}]", "lines[0].instruments[0].channels.I1.unit: is missing"),
        ("instruments: [{channels: {I1: {unit: percent}}}]", "I1: unit 'percent' is longer than 3 characters"),
        ("instruments: [{channels: {I1: {unit: '%', name: 'a;b'}}}]", "I1: name 'a;b' may hold printable ASCII"),
        ("instruments: [{channels: {I1: {unit: '%', decimals: 9}}}]", "I1: decimals must be 0 to 4, not 9"),
        ("instruments: [{channels: {I1: {unit: '%', signal: fast}}}]", "I1.signal: a number is needed, not 'fast'"),
        ("instruments: [{channels: {I1: {unit: '%', signal: {}}}}]", "give exactly one of constant, sine, ramp"),
        (
            "instruments: [{channels: {I1: {unit: '%', signal: {sine: {mean: 1, amplitude: 1, period_s: 0}}}}}]",
            "lines[0].instruments[0].channels.I1.signal.sine.period_s: a number above 0 is needed, not 0",
        ),
        (
            "instruments: [{channels: {I1: {unit: '%', signal: {random_walk: {start: 1, step: 1, low: 2, high: 2}}}}}]",
            "low 2 must be below high 2",
        ),
        ("instruments: [{faults: [{kind: fire}]}]", "lines[0].instruments[0].faults[0].kind: 'fire' is none of"),
        ("instruments: [{faults: [{kind: fault}]}]", "instrument 30: fault concerns one channel; name it"),
        (
            "instruments: [{faults: [{kind: silent, period_s: 5}]}]",
            "silent: a fault that comes back every 5 s needs a duration_s as well",
        ),
    ],
)
def test_complaints_about_a_line(rest: str, problem: str) -> None:
    line = parsed(SMALL + "}") | parsed("{" + rest + "}")
    with pytest.raises(SettingsError) as caught:
        load_settings({"lines": [line]})
    assert any(problem in found for found in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("protocol", "options", "problem"),
    [
        (
            ProtocolKind.CONTINUOUS,
            {"instruments": (InstrumentSettings(1), InstrumentSettings(2))},
            "from one instrument",
        ),
        (
            ProtocolKind.CONTINUOUS,
            {
                "instruments": (
                    InstrumentSettings(
                        channels=dict.fromkeys(("I1", "I2", "I3", "I4", "D1", "D2"), BENCH_CHANNELS["I1"])
                    ),
                )
            },
            "carries 3 to 7 channels with E1 and E2, not 8",
        ),
    ],
)
def test_what_a_line_cannot_do(protocol: ProtocolKind, options: dict[str, Any], problem: str) -> None:
    settings = SimulatorSettings((LineSettings("a", TcpLink(), protocol, **options),))
    from gateway.simulator.settings_check import settings_problems

    assert any(problem in found for found in settings_problems(settings))


async def test_modbus_tcp_on_a_terminal_is_refused(real_clock: Any, tmp_path: Path) -> None:
    line = LineSettings("a", PtyLink(tmp_path / "tty"), ProtocolKind.MODBUS_TCP)
    with pytest.raises(SettingsError, match="modbus-tcp needs a tcp link"):
        async with running(SimulatorSettings((line, line)), real_clock):
            pass


async def test_a_port_in_use_is_an_error_without_a_group(real_clock: Any) -> None:
    first = SimulatorSettings((LineSettings("a", TcpLink(), ProtocolKind.MODBUS_TCP),))
    async with running(first, real_clock) as simulator:
        port = simulator.lines["a"].port
        assert port is not None
        second = SimulatorSettings((LineSettings("b", TcpLink(port=port), ProtocolKind.MODBUS_TCP),))
        with pytest.raises(LinkError, match=f"b: cannot listen on 127.0.0.1:{port}"):
            async with running(second, real_clock):
                pass


async def test_errors_of_the_block_come_out_as_they_are(real_clock: Any) -> None:
    settings = SimulatorSettings((LineSettings("a", TcpLink(), ProtocolKind.MODBUS_TCP),))
    with pytest.raises(ZeroDivisionError):
        async with running(settings, real_clock):
            raise ZeroDivisionError


async def test_demo_settings_run(real_clock: Any) -> None:
    settings = load_settings(parsed(DEMO.read_text()))
    assert [line.link for line in settings.lines] == [TcpLink("127.0.0.1", port) for port in (5301, 5302, 5303)]
    from dataclasses import replace

    anywhere = SimulatorSettings(tuple(replace(line, link=TcpLink()) for line in settings.lines))
    async with running(anywhere, real_clock) as simulator:
        assert [list(line.instruments) for line in simulator.lines.values()] == [[30], [30, 31], [1]]
        alarmed = simulator.instrument("continuous").settings.faults[0]
        assert [alarmed.active(second) for second in (0, 25, 40, 85)] == [False, True, False, True]
