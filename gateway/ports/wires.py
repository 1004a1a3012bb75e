"""Doors of the wires: what a driver sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Exchange:
    """One completed Modbus transaction.

    Attributes:
        values: Registers as 16-bit unsigned integers, or bits as 0 and 1; cut to the count asked for.
        requested: When the request was handed to the wire.
        received: When the last byte of the answer arrived.
        raw: The answer as it came over the wire.
    """

    values: tuple[int, ...]
    requested: Stamp
    received: Stamp
    raw: bytes


class ModbusBus(Protocol):
    """A shared Modbus wire. It owns exclusion, idle gap, retries and reconnection; drivers never see the port.

    Every call raises:
        LinkError: The wire is down.
        DeviceTimeoutError: No usable answer after all attempts; `DeviceDemotedError` when the address was not asked
            because it has been silent.
        DeviceRefusedError: A Modbus exception.
        ProtocolError: An answer of the wrong shape.
    """

    @property
    def name(self) -> str:
        """Name from the settings."""
        ...

    @property
    def protocol(self) -> ProtocolKind:
        """Framing on the wire."""
        ...

    async def read_input_registers(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 04. `address` is the protocol data unit's, 0 to 65535."""
        ...

    async def read_holding_registers(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 03."""
        ...

    async def read_discrete_inputs(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 02."""
        ...

    async def read_coils(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 01."""
        ...

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:
        """Function code 05. Sent once: a write is never repeated."""
        ...

    async def write_register(self, unit: int, address: int, value: int) -> Exchange:
        """Function code 06. Sent once: a write is never repeated."""
        ...

    async def write_registers(self, unit: int, address: int, values: Sequence[int]) -> Exchange:
        """Function code 16. Sent once: a write is never repeated."""
        ...

    async def echo(self, unit: int, data: bytes) -> Exchange:
        """Function code 08 sub-function 0 with two bytes; `values` holds them as one register."""
        ...


class ByteLink(Protocol):
    """A wire on which an instrument talks unasked. One-shot: opened once, fails once, thrown away."""

    async def receive(self) -> tuple[bytes, Stamp]:
        """Wait for bytes; the stamp is taken when they arrive.

        Raises:
            LinkError: The wire is gone.
        """
        ...


class LinkOpener(Protocol):
    """Opens one-shot byte links on the same wire, again and again."""

    @property
    def name(self) -> str:
        """Name of the bus from the settings."""
        ...

    def open(self) -> AbstractAsyncContextManager[ByteLink]:
        """Open the wire.

        Raises:
            LinkError: It cannot be opened.
        """
        ...
