"""Any Modbus instrument by its register table, as a driver of the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from gateway.drivers.modbus_table.settings import ModbusTableSettings
from gateway.model.actions import ActionSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.readings import ProtocolKind
from gateway.model.wire_time import WireExchange
from gateway.ports import ActionExecutor, BroadcastSource, LinkOpener, ModbusBus, PollSource

Problem = tuple[tuple[str, ...], str]


class ModbusTable:
    """`driver: modbus_table`; a `ports.WireDriver`."""

    settings = ModbusTableSettings
    protocols = frozenset({ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII, ProtocolKind.MODBUS_TCP})
    templates = Path(__file__).parent / "templates"

    def check(self, settings: object, protocol: ProtocolKind) -> Sequence[Problem]:
        """See `ports.Driver.check`."""
        from gateway.drivers.modbus_table.checks import problems

        return list(problems(cast("ModbusTableSettings", settings), protocol))

    def describe(self, settings: object, protocol: ProtocolKind) -> DeviceDescription:  # noqa: ARG002
        """See `ports.Driver.describe`."""
        from gateway.drivers.modbus_table.points import describe_points
        from gateway.drivers.modbus_table.table import resolve_table

        options = cast("ModbusTableSettings", settings)
        return DeviceDescription(
            manufacturer=options.manufacturer,
            model=options.instrument,
            channels=options.served,
            address=options.address,
            points=tuple(describe_points(resolve_table(options))),
        )

    def exchanges(self, settings: object, protocol: ProtocolKind) -> Sequence[WireExchange]:
        """See `ports.WireDriver.exchanges`."""
        from gateway.drivers.modbus_table.read_plan import plan_reads, sweep_exchanges
        from gateway.drivers.modbus_table.table import resolve_table

        options = cast("ModbusTableSettings", settings)
        return sweep_exchanges(plan_reads(resolve_table(options), options), protocol)

    def poll(self, device: str, settings: object, bus: ModbusBus) -> PollSource:
        """See `ports.WireDriver.poll`."""
        from gateway.drivers.modbus_table.polled import PolledTable
        from gateway.drivers.modbus_table.read_plan import plan_reads
        from gateway.drivers.modbus_table.table import resolve_table

        options = cast("ModbusTableSettings", settings)
        table = resolve_table(options)
        return PolledTable(device, options.address, table, plan_reads(table, options), bus)

    def listen(self, device: str, settings: object, wire: LinkOpener) -> BroadcastSource:  # noqa: ARG002
        """See `ports.WireDriver.listen`.

        Raises:
            ValueError: Always: no instrument of this kind talks unasked, and `protocols` says so.
        """
        raise ValueError(f"{device}: modbus_table does not listen")

    def origin(self, settings: object, protocol: ProtocolKind, path: tuple[str, ...]) -> str:  # noqa: ARG002
        """See `ports.ExplainingDriver.origin`."""
        from gateway.drivers.modbus_table.origin import origin
        from gateway.drivers.modbus_table.table import resolve_table

        options = cast("ModbusTableSettings", settings)
        return origin(resolve_table(options), options, path)

    def actions(self, settings: object, protocol: ProtocolKind) -> Sequence[ActionSpec]:
        """See `ports.ActionDriver.actions`."""
        from gateway.drivers.modbus_table.table import resolve_table
        from gateway.drivers.modbus_table.write_commands import write_actions

        return (
            tuple(write_actions(resolve_table(cast("ModbusTableSettings", settings))))
            if (protocol in self.protocols)
            else ()
        )

    def executor(self, device: str, settings: object, bus: ModbusBus) -> ActionExecutor:
        """See `ports.WireActionDriver.executor`."""
        from gateway.drivers.modbus_table.table import resolve_table
        from gateway.drivers.modbus_table.write_commands import WriteCommands

        options = cast("ModbusTableSettings", settings)
        return WriteCommands(device, options.address, resolve_table(options), bus)


DRIVER = ModbusTable()
