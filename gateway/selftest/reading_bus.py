"""A Modbus bus that cannot be written to, whatever a driver may try."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import ActionRefusedError
from gateway.model.readings import ProtocolKind
from gateway.ports import Exchange, ModbusBus


class ReadingBus:
    """Passes reads and loopbacks on; a `ports.ModbusBus`."""

    def __init__(self, bus: ModbusBus) -> None:
        self._bus = bus
        self.read_input_registers = bus.read_input_registers
        self.read_holding_registers = bus.read_holding_registers
        self.read_discrete_inputs = bus.read_discrete_inputs
        self.read_coils = bus.read_coils
        self.echo = bus.echo

    @property
    def name(self) -> str:
        """Name from the settings."""
        return self._bus.name

    @property
    def protocol(self) -> ProtocolKind:
        """Framing on the wire."""
        return self._bus.protocol

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:
        """Refuse.

        Raises:
            ActionRefusedError: Always.
        """
        raise self._refusal(unit, f"{int(on)} to coil {address}")

    async def write_register(self, unit: int, address: int, value: int) -> Exchange:
        """Refuse.

        Raises:
            ActionRefusedError: Always.
        """
        raise self._refusal(unit, f"{value} to register {address}")

    async def write_registers(self, unit: int, address: int, values: Sequence[int]) -> Exchange:
        """Refuse.

        Raises:
            ActionRefusedError: Always.
        """
        raise self._refusal(unit, f"{len(values)} values to the registers from {address} on")

    def _refusal(self, unit: int, what: str) -> ActionRefusedError:
        return ActionRefusedError(
            f"the self-test writes nothing, not {what} either",
            where=f"bus {self.name}, address {unit}",
            hint="report this as a fault of the driver",
        )
