"""The simulator in a process of its own; every `mark` tells what its lines have answered and ignored, and its CPU."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import anyio

from bench.child import answer_marks
from bench.cores import pin
from gateway.model.readings import ProtocolKind
from gateway.simulator import (
    ChannelSettings,
    Fault,
    FaultKind,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
    TcpLink,
    running,
)
from gateway.simulator.modbus_line import ModbusLine
from gateway.simulator.signals import Sine
from gateway.streaming.clock import SystemClock

CHANNELS = {
    slot: ChannelSettings(slot, "%", 3, Sine(10.0 + number, 1.0, 13.0 + number))
    for number, slot in enumerate(("I1", "I2", "I3", "I4", "D1", "D2"))
}
"""Every value differs from one sweep to the next."""


def fault(given: dict[str, Any]) -> Fault:
    """A fault of a task: its kind and schedule."""
    return Fault(**given | {"kind": FaultKind(given["kind"])})


def line_settings(line: dict[str, Any]) -> LineSettings:
    """A line of a task: name, protocol, addresses, their faults, and path, baudrate and gaps of a serial one."""
    return LineSettings(
        name=line["name"],
        link=PtyLink(Path(line["path"])) if "path" in line else TcpLink(),
        protocol=ProtocolKind(line["protocol"]),
        instruments=tuple(
            InstrumentSettings(address, CHANNELS, tuple(map(fault, line.get("faults", {}).get(str(address), ()))))
            for address in line["addresses"]
        ),
        baudrate=line.get("baudrate"),
        turnaround_s=line.get("turnaround_s", 0.0),
        idle_gap_s=line.get("idle_gap_s", 0.0),
    )


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    settings = SimulatorSettings(tuple(line_settings(line) for line in task["lines"]))
    async with running(settings, SystemClock()) as simulator:
        lines = [line.conversation for line in simulator.lines.values()]
        cpu = time.process_time()

        def mark() -> dict[str, float]:
            nonlocal cpu
            before, cpu = cpu, time.process_time()
            modbus = [line for line in lines if isinstance(line, ModbusLine)]
            return {
                "answered": sum(line.answered for line in modbus),
                "ignored": sum(line.ignored for line in modbus),
                "cpu_s": cpu - before,
            }

        await answer_marks(mark, endpoints={name: line.endpoint for name, line in simulator.lines.items()})


if __name__ == "__main__":
    anyio.run(main, json.loads(sys.argv[1]))
