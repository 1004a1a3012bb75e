"""A device that is not there: its own clock thread, values that prove every sample, and faults to order."""

from __future__ import annotations

from gateway.daq.back_ends.simulated.device import SimulatedDevice
from gateway.daq.back_ends.simulated.fault import Fault, FaultKind
from gateway.daq.back_ends.simulated.signals import Signal, constant, counter, sine
from gateway.daq.back_ends.thread_clock import SystemThreadClock, ThreadClock

__all__ = [
    "Fault",
    "FaultKind",
    "Signal",
    "SimulatedDevice",
    "SystemThreadClock",
    "ThreadClock",
    "constant",
    "counter",
    "sine",
]
