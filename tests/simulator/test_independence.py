"""The simulator is a witness for the driver only as long as it shares no code with it."""

from __future__ import annotations

import subprocess
import sys

FOREIGN = ("gateway.drivers", "gateway.wire", "gateway.adapters", "pymodbus", "serial", "termios")


def test_simulator_imports_neither_driver_nor_modbus_library() -> None:
    program = "import sys, gateway.simulator; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "gateway.simulator.simulator" in loaded
    assert [name for name in loaded if name in FOREIGN or name.startswith(tuple(f"{each}." for each in FOREIGN))] == []
