"""Writing to an instrument: one action per channel that the table lets be written, `SetSetpoint`.

Nothing is open by itself: the settings open an action for named operators, and the gates of every action come first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from gateway.drivers.modbus_table.addresses import Table
from gateway.drivers.modbus_table.encoding import FLOATS, encode_number, ordered_registers
from gateway.drivers.modbus_table.scaling import nearest_whole
from gateway.drivers.modbus_table.settings import RegisterType
from gateway.drivers.modbus_table.table import RegisterTable, TableValue
from gateway.errors import ActionRefusedError, DeviceRefusedError, GatewayError
from gateway.model.actions import ActionArgument, ActionSpec, ArgumentValue
from gateway.model.points import ValueKind
from gateway.ports import Exchange, ModbusBus

_NOT_CARRIED_OUT = frozenset({1, 2, 3})
"""Exceptions by which the instrument says that it did nothing; Modbus application protocol V1.1b3, section 7."""


def action_name(channel: str) -> str:
    """Name of the action that writes a channel: `SetFlowLimit` for `flow_limit`."""
    return "Set" + "".join(word[:1].upper() + word[1:] for word in re.split(r"[_-]+", channel))


def write_actions(table: RegisterTable) -> Iterator[ActionSpec]:
    """An action for each channel that may be written, in the order of the channels."""
    for value in table.values:
        if value.spec.write is None:
            continue
        lowest, highest = value.spec.write.lowest or 0.0, value.spec.write.highest or 0.0
        kind = ValueKind.FLOAT if value.kind is ValueKind.FLOAT else ValueKind.INTEGER
        text, unit = value.spec.description or f"Channel {value.name}", value.spec.unit
        argument = (
            ActionArgument("Value", f"{text}: 1 for on, 0 for off", 0, 1)
            if value.kind is ValueKind.BOOLEAN
            else ActionArgument("Value", text, lowest, highest, kind, unit=unit)
        )
        yield ActionSpec(action_name(value.name), f"Write to the instrument: {text}", (argument,))


class WriteCommands:
    """Carries out the actions of one instrument; a `ports.ActionExecutor`.

    Args:
        device: Name of the analyser, for messages.
        address: Its Modbus address.
        table: What is where.
        bus: Its wire.
    """

    def __init__(self, device: str, address: int, table: RegisterTable, bus: ModbusBus) -> None:
        self._device = device
        self._address = address
        self._bus = bus
        self._values = {action_name(value.name): value for value in table.values if value.spec.write is not None}

    async def perform(self, action: str, arguments: Sequence[ArgumentValue]) -> str:
        """Write one value, and read it back where the table says so; returns what became of it, in words.

        Raises:
            ActionRefusedError: There is no such action, or the registers cannot hold the value. Nothing was written.
            GatewayError: The instrument refused it, could not be reached, or shows another value.
        """
        value = self._values.get(action)
        if value is None:
            raise ActionRefusedError(f"there is no action '{action}'", where=self._device)
        (given,) = arguments
        if isinstance(given, memoryview) or not math.isfinite(given):
            raise ActionRefusedError("not a finite number; nothing was written", where=self._device)
        entries = self._entries(value, given)
        assert value.spec.write is not None  # noqa: S101  as `_values` is made of such
        trouble = await self._write(value, entries)
        shown = f"{value.name} = {self._text(value, entries)}"
        if not value.spec.write.verify:
            if trouble is not None:
                raise self._unsure(value, trouble)
            return f"{shown} written, not read back"
        try:
            found = (await self._read(value)).values
        except GatewayError as error:
            raise self._unsure(value, trouble or error) from error
        if found == entries:
            return f"{shown} written{', its answer lost,' if trouble else ''} and read back"
        raise GatewayError(
            f"{shown} was {'sent' if trouble else 'taken'}, but reads back {self._text(value, found)}",
            where=self._device,
            hint="the instrument may limit it, be in local mode, or take its time (then verify: false)",
        )

    async def leftovers(self) -> Sequence[str]:
        """None: what is written is meant to stay."""
        return ()

    def _entries(self, value: TableValue, given: float) -> tuple[int, ...]:
        """Registers, or a bit, that say a value."""
        if value.type is RegisterType.BOOL:
            return (int(bool(given)),)
        number = value.scaling.number(given)
        if value.spec.texts and nearest_whole(number) not in value.spec.texts:
            known = ", ".join(f"{code} ({text})" for code, text in value.spec.texts.items())
            raise ActionRefusedError(
                f"{given:g} has no meaning; nothing was written", where=self._device, hint=f"give {known}"
            )
        try:
            data = encode_number(value.type, float(number) if value.type in FLOATS else nearest_whole(number))
        except ValueError as error:
            raise ActionRefusedError(f"{error}; nothing was written", where=self._device) from error
        return ordered_registers(data, value.order)

    async def _write(self, value: TableValue, entries: tuple[int, ...]) -> GatewayError | None:
        """Send it once; returns what was wrong with an answer that leaves open whether it was taken.

        Raises:
            DeviceRefusedError: The instrument says that it did nothing.
        """
        address = value.span.address
        function = value.spec.write.function if value.spec.write is not None else None
        try:
            if value.span.table is Table.COIL:
                await self._bus.write_coil(self._address, address, on=bool(entries[0]))
            elif function == 16 or len(entries) > 1:
                await self._bus.write_registers(self._address, address, entries)
            else:
                await self._bus.write_register(self._address, address, entries[0])
        except DeviceRefusedError as error:
            if error.code in _NOT_CARRIED_OUT:
                raise
            return error
        except GatewayError as error:
            return error
        return None

    async def _read(self, value: TableValue) -> Exchange:
        span = value.span
        if span.table is Table.COIL:
            return await self._bus.read_coils(self._address, span.address, span.count)
        return await self._bus.read_holding_registers(self._address, span.address, span.count)

    def _text(self, value: TableValue, entries: Sequence[int]) -> str:
        shown = value.value(entries)
        text = "no value" if shown is None else f"{shown:.15g}" if isinstance(shown, float) else str(shown)
        return f"{text} {value.spec.unit}".rstrip()

    def _unsure(self, value: TableValue, error: GatewayError) -> GatewayError:
        return GatewayError(
            f"it is not known whether {value.name} was written: {error.what}",
            where=self._device,
            hint="see what it shows before asking again",
        )
