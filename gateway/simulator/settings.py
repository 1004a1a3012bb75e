"""What a simulator is made of: lines, the instruments on them, and the instrument of the bench."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from gateway.model.readings import ProtocolKind
from gateway.simulator.autocalibration import PHASES, CalibrationPhase
from gateway.simulator.bank_settings import BankSettings
from gateway.simulator.faults import Fault
from gateway.simulator.signals import Constant, Signal
from gateway.simulator.slots import EXTERNALS

BAUDRATES = (2400, 4800, 9600, 19200)
IDLE_GAP_S = 0.05
"""Silence a bench unit needed before each request to answer every one; with 10 to 20 ms it lost 8 % of them."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel.

    Attributes:
        name: At most six characters; empty for an unnamed channel.
        unit: At most three characters.
        decimals: Digits after the point in continuous frames.
        signal: What it measures.
    """

    name: str
    unit: str
    decimals: int = 3
    signal: Signal = field(default_factory=lambda: Constant(0.0))


BENCH_CHANNELS: Mapping[str, ChannelSettings] = MappingProxyType(
    {
        "I1": ChannelSettings("Oxygen", "%", 3, Constant(20.378)),
        "I2": ChannelSettings("CO", "%", 3, Constant(0.084)),
        "I3": ChannelSettings("CO2", "%", 3, Constant(0.25)),
    }
)
"""A 4100 on the bench, breathing air. The two external inputs are there on every instrument."""

BENCH_ADDRESS = 30
UNUSED_EXTERNAL = ChannelSettings(name="", unit="mA", decimals=1)


@dataclass(frozen=True, slots=True)
class InstrumentSettings:
    """One instrument.

    Attributes:
        address: Modbus slave address, 1 to 247; continuous frames do not carry it.
        channels: Slot to channel; E1 and E2 are added unnamed when left out.
        faults: What is wrong from the start, or comes and goes.
        slow_s: How much longer it takes to answer while it shows the fault `slow`; others may use the line meanwhile.
        clock_offset_s: Seconds the analyser's own clock is ahead of UTC; None when it was never set.
        calibration_groups: Transducer to calibration group.
        calibration_phases: Steps of an autocalibration.
    """

    address: int = BENCH_ADDRESS
    channels: Mapping[str, ChannelSettings] = field(default_factory=lambda: BENCH_CHANNELS)
    faults: tuple[Fault, ...] = ()
    slow_s: float = 1.0
    clock_offset_s: float | None = 0.0
    calibration_groups: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"I1": 1, "I2": 2, "I3": 3, "I4": 4})
    )
    calibration_phases: tuple[CalibrationPhase, ...] = PHASES

    @property
    def populated(self) -> Mapping[str, ChannelSettings]:
        """Slot to channel with both external inputs, which exist on every instrument, used or not."""
        return {**dict.fromkeys(EXTERNALS, UNUSED_EXTERNAL), **self.channels}


@dataclass(frozen=True, slots=True)
class TcpLink:
    """A TCP server; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class PtyLink:
    """A pseudo-terminal; `path` is a symbolic link to it, made at start and removed at the end."""

    path: Path


@dataclass(frozen=True, slots=True)
class LineSettings:
    """One line and the instruments on it.

    Attributes:
        name: Unique name.
        link: Where clients reach it.
        protocol: What is spoken on it.
        instruments: One for continuous frames, any number of different addresses for Modbus.
        banks: Instruments of any kind by their registers, on the same Modbus line.
        baudrate: Bits per second of the serial line, 8 data bits, no parity; None to deliver everything at once.
        turnaround_s: From the last byte of a request to the first byte of its answer.
        idle_gap_s: Requests that come sooner than this after the last byte on the line are ignored and counted.
        interval_s: From one continuous frame to the next; 0 stops them.
        line_ending: End of a continuous frame.
    """

    name: str
    link: TcpLink | PtyLink
    protocol: ProtocolKind
    instruments: tuple[InstrumentSettings, ...] = (InstrumentSettings(),)
    baudrate: int | None = 19200
    turnaround_s: float = 0.025
    idle_gap_s: float = 0.0
    interval_s: float = 2.0
    line_ending: bytes = b"\r\n"
    banks: tuple[BankSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """A whole simulator."""

    lines: tuple[LineSettings, ...]
