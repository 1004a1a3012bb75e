"""A Servomex 4100, or any Modbus instrument by its registers, in software that speaks the real wire protocols.

It shares no code with the drivers, so that each is a witness for the other. Start one with `running` or `simulate`;
what it is made of is in `settings`, what can be wrong with it in `faults`.
"""

from __future__ import annotations

from gateway.simulator.bank_settings import BankSettings, BankTable, CellSettings
from gateway.simulator.faults import Fault, FaultKind
from gateway.simulator.settings import (
    ChannelSettings,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
    TcpLink,
)
from gateway.simulator.settings_loader import load_settings
from gateway.simulator.simulator import Simulator, running, simulate

__all__ = [
    "BankSettings",
    "BankTable",
    "CellSettings",
    "ChannelSettings",
    "Fault",
    "FaultKind",
    "InstrumentSettings",
    "LineSettings",
    "PtyLink",
    "Simulator",
    "SimulatorSettings",
    "TcpLink",
    "load_settings",
    "running",
    "simulate",
]
