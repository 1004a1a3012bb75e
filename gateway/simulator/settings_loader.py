"""From the mapping of a YAML file to SimulatorSettings; `config/simulator.yaml` shows every key in use."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from gateway.errors import SettingsError
from gateway.model.readings import ProtocolKind
from gateway.simulator.autocalibration import PHASES, CalibrationPhase
from gateway.simulator.bank_loader import load_bank
from gateway.simulator.bank_settings import BankSettings
from gateway.simulator.faults import Fault, FaultKind
from gateway.simulator.mapping_reader import MappingReader, shown
from gateway.simulator.settings import (
    BENCH_ADDRESS,
    BENCH_CHANNELS,
    IDLE_GAP_S,
    ChannelSettings,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
    TcpLink,
)
from gateway.simulator.settings_check import settings_problems
from gateway.simulator.signals import Constant, Ramp, RandomWalk, Signal, Sine, Square

SIGNALS: dict[str, type[Constant | Sine | Ramp | Square | RandomWalk]] = {
    "constant": Constant,
    "sine": Sine,
    "ramp": Ramp,
    "square": Square,
    "random_walk": RandomWalk,
}
_LINE_ENDINGS = {"crlf": b"\r\n", "lf": b"\n"}


def load_settings(document: object) -> SimulatorSettings:
    """Turn a parsed YAML document into settings.

    Raises:
        SettingsError: With every problem found, each with its place in the document.
    """
    problems: list[str] = []
    top = MappingReader(document, "", problems)
    settings = SimulatorSettings(tuple(_line(reader) for reader in top.items("lines")))
    top.close()
    if problems := problems or settings_problems(settings):
        raise SettingsError(problems)
    return settings


def _line(reader: MappingReader) -> LineSettings:
    protocol = ProtocolKind(reader.choice("protocol", list(ProtocolKind)) or ProtocolKind.MODBUS_RTU)
    ending = reader.choice("line_ending", list(_LINE_ENDINGS), "crlf")
    instruments, banks = _instruments(reader)
    line = LineSettings(
        name=reader.text("name"),
        link=_link(reader.inner("link")),
        protocol=protocol,
        instruments=instruments,
        baudrate=_baudrate(reader, protocol),
        turnaround_s=reader.not_negative("turnaround_ms", 25.0) / 1e3,
        idle_gap_s=_idle_gap(reader),
        interval_s=reader.not_negative("interval_s", 2.0),
        line_ending=_LINE_ENDINGS[ending or "crlf"],
        banks=banks,
    )
    reader.close()
    return line


def _instruments(reader: MappingReader) -> tuple[tuple[InstrumentSettings, ...], tuple[BankSettings, ...]]:
    """Those of the series, and those that are described by their registers."""
    if not reader.has("instruments"):
        return (InstrumentSettings(),), ()
    items = [(item, item.has("registers")) for item in reader.items("instruments")]
    return (
        tuple(_instrument(item) for item, by_registers in items if not by_registers),
        tuple(load_bank(item, _signal, _fault) for item, by_registers in items if by_registers),
    )


def _baudrate(reader: MappingReader, protocol: ProtocolKind) -> int | None:
    if not reader.has("baudrate"):
        return None if protocol is ProtocolKind.MODBUS_TCP else 19200
    return None if reader.raw("baudrate") is None else reader.whole("baudrate", 19200)


def _idle_gap(reader: MappingReader) -> float:
    """`true` for what a bench unit needed, or a number of milliseconds."""
    value = reader.raw("require_idle_gap")
    if value is None or isinstance(value, bool):
        return IDLE_GAP_S if value else 0.0
    return reader.not_negative("require_idle_gap", 0.0) / 1e3


def _link(reader: MappingReader) -> TcpLink | PtyLink:
    has_pty, has_tcp = reader.has("pty"), reader.has("tcp")
    if has_pty == has_tcp:
        reader.problem("give either 'pty: /path' or 'tcp: host:port'")
    link = PtyLink(Path(reader.text("pty"))) if has_pty else _tcp_link(reader) if has_tcp else TcpLink()
    reader.close()
    return link


def _tcp_link(reader: MappingReader) -> TcpLink:
    text = reader.text("tcp")
    host, _, port = text.rpartition(":")
    if host and port.isascii() and port.isdigit() and int(port) < 65536:
        return TcpLink(host.strip("[]"), int(port))
    if text:
        reader.problem(f"host:port is needed, for example 127.0.0.1:5020, not '{text}'", "tcp")
    return TcpLink()


def _instrument(reader: MappingReader) -> InstrumentSettings:
    channels = {**BENCH_CHANNELS}
    if reader.has("channels"):
        slots = reader.inner("channels")
        channels = {slot: _channel(slots.inner(slot)) for slot in slots.keys()}  # noqa: SIM118 - not a dict
    instrument = InstrumentSettings(
        address=reader.whole("address", BENCH_ADDRESS),
        channels=channels,
        faults=tuple(map(_fault, reader.items("faults"))) if reader.has("faults") else (),
        slow_s=reader.not_negative("slow_s", 1.0),
        clock_offset_s=_clock_offset(reader),
        calibration_phases=_phases(reader.inner("calibration")) if reader.has("calibration") else PHASES,
    )
    reader.close()
    return instrument


def _clock_offset(reader: MappingReader) -> float | None:
    if not reader.has("clock"):
        return 0.0
    if reader.raw("clock") == "unset":
        return None
    if not isinstance(reader.raw("clock"), dict):
        reader.problem(f"'unset' or 'offset_s: seconds' is needed, not {shown(reader.raw('clock'))}", "clock")
        return 0.0
    clock = reader.inner("clock")
    offset = clock.number("offset_s", 0.0)
    clock.close()
    return offset


def _phases(reader: MappingReader) -> tuple[CalibrationPhase, ...]:
    keys = [f"{phase.name.replace(' ', '_')}_s" for phase in PHASES]
    phases = tuple(
        CalibrationPhase(phase.name, phase.gas, reader.not_negative(key, phase.duration_s))
        for key, phase in zip(keys, PHASES, strict=True)
    )
    reader.close()
    return phases


def _channel(reader: MappingReader) -> ChannelSettings:
    channel = ChannelSettings(
        name=reader.text("name", ""),
        unit=reader.text("unit"),
        decimals=reader.whole("decimals", 3),
        signal=_signal(reader),
    )
    reader.close()
    return channel


def _signal(reader: MappingReader) -> Signal:
    """A plain number is a constant; otherwise one signal name with its parameters."""
    if not isinstance(reader.raw("signal"), dict):
        return Constant(reader.number("signal", 0.0))
    outer = reader.inner("signal")
    names = outer.keys()
    if len(names) != 1 or names[0] not in SIGNALS:
        outer.problem(f"give exactly one of {', '.join(SIGNALS)}, not {', '.join(names) or 'nothing'}")
        return Constant(0.0)
    if names[0] == "constant":
        return Constant(outer.number("constant"))
    parameters = outer.inner(names[0])
    kind = SIGNALS[names[0]]
    values = {
        field.name: parameters.number(
            field.name,
            None if field.default is MISSING else field.default,
            **({"above": 0.0} if field.name.endswith("_s") else {}),
        )
        for field in fields(kind)
    }
    parameters.close()
    if kind is RandomWalk and values["low"] >= values["high"]:
        parameters.problem(f"low {values['low']:g} must be below high {values['high']:g}")
    return kind(**values)


def _fault(reader: MappingReader) -> Fault:
    kind = reader.choice("kind", list(FaultKind))
    fault = Fault(
        kind=FaultKind(kind or FaultKind.ANALYSER_FAULT),
        channel=reader.text("channel") if reader.has("channel") else None,
        start_s=reader.not_negative("start_s", 0.0),
        duration_s=reader.number("duration_s", above=0.0) if reader.has("duration_s") else None,
        period_s=reader.number("period_s", above=0.0) if reader.has("period_s") else None,
    )
    reader.close()
    return fault
