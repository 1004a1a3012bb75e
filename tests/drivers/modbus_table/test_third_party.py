"""A whole register table read from, and written to, a server of libmodbus: every type, order and table."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.drivers.modbus_table.driver import DRIVER
from gateway.errors import ActionRefusedError, DeviceRefusedError, GatewayError
from gateway.model.actions import ArgumentValue
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.model.value import Value
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from tests.drivers.modbus_table.libmodbus import Tables, libmodbus_server
from tests.drivers.modbus_table.tables import settings_of

RTU, TCP = ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_TCP
ADDRESS = 17

GOLDEN: tuple[tuple[str, str, list[int], Value], ...] = (
    ("u16", "ABCD", [0xFFFE], 65534),
    ("u16", "BADC", [0x3412], 0x1234),
    ("s16", "ABCD", [0xFFFE], -2),
    ("u32", "ABCD", [0x1234, 0x5678], 0x12345678),
    ("u32", "CDAB", [0x5678, 0x1234], 0x12345678),
    ("u32", "BADC", [0x3412, 0x7856], 0x12345678),
    ("u32", "DCBA", [0x7856, 0x3412], 0x12345678),
    ("s32", "ABCD", [0xFFFF, 0xFF85], -123),
    ("s32", "CDAB", [0xFF85, 0xFFFF], -123),
    ("s32", "BADC", [0xFFFF, 0x85FF], -123),
    ("s32", "DCBA", [0x85FF, 0xFFFF], -123),
    ("u64", "ABCD", [0x0102, 0x0304, 0x0506, 0x0708], 0x0102030405060708),
    ("u64", "CDAB", [0x0708, 0x0506, 0x0304, 0x0102], 0x0102030405060708),
    ("u64", "BADC", [0x0201, 0x0403, 0x0605, 0x0807], 0x0102030405060708),
    ("u64", "DCBA", [0x0807, 0x0605, 0x0403, 0x0201], 0x0102030405060708),
    ("s64", "ABCD", [0xFFFF, 0xFFFF, 0xFFFF, 0xFF85], -123),
    ("s64", "DCBA", [0x85FF, 0xFFFF, 0xFFFF, 0xFFFF], -123),
    ("f32", "ABCD", [0x43E8, 0xD47A], 465.65997),
    ("f32", "CDAB", [0xD47A, 0x43E8], 465.65997),
    ("f32", "BADC", [0xE843, 0x7AD4], 465.65997),
    ("f32", "DCBA", [0x7AD4, 0xE843], 465.65997),
    ("f32", "ABCD", [0x7FC0, 0x0000], None),
    ("f64", "ABCD", [0x4009, 0x21FB, 0x5444, 0x2D18], math.pi),
    ("f64", "CDAB", [0x2D18, 0x5444, 0x21FB, 0x4009], math.pi),
    ("f64", "BADC", [0x0940, 0xFB21, 0x4454, 0x182D], math.pi),
    ("f64", "DCBA", [0x182D, 0x4454, 0xFB21, 0x0940], math.pi),
    ("bcd16", "ABCD", [0x0987], 987),
    ("bcd32", "ABCD", [0x1234, 0x5678], 12345678),
    ("bcd32", "CDAB", [0x5678, 0x1234], 12345678),
    ("string", "ABCD", [0x4741, 0x5320, 0x3400], "GAS 4"),
    ("string", "BADC", [0x4147, 0x2053, 0x0034], "GAS 4"),
    ("bool", "ABCD", [0x0100], True),
)


def golden_table(table: str) -> tuple[dict[str, Any], dict[int, int], dict[str, Value]]:
    """Channels one after the other in one table, its registers, and what is to be read."""
    channels: dict[str, Any] = {}
    content: dict[int, int] = {}
    values: dict[str, Value] = {}
    for number, (kind, order, registers, value) in enumerate(GOLDEN):
        name, first = f"{kind}_{order}_{number}", 100 + len(content)
        channels[name] = {"at": f"{table} {first}", "type": kind, "order": order}
        if kind == "string":
            channels[name]["length"] = 6
        content |= dict(enumerate(registers, start=first))
        values[f"{name}/Value"] = value
    return channels, content, values


@asynccontextmanager
async def table_on(
    protocol: ProtocolKind, tables: Tables, channels: Mapping[str, Any], **keys: Any
) -> AsyncIterator[tuple[Any, SharedModbusBus]]:
    """An instrument behind a server of libmodbus: its poll source with its settings, and the bus."""
    settings = settings_of(dict(channels), address=ADDRESS, **keys)
    assert list(DRIVER.check(settings, protocol)) == []
    async with libmodbus_server(protocol, ADDRESS, tables) as link:
        bus = SharedModbusBus("line", BusSpec(link, protocol, idle_gap_ms=5, timeout_s=0.5), SystemClock())
        try:
            yield settings, bus
        finally:
            await bus.aclose()


@pytest.mark.parametrize(("protocol", "table"), [(RTU, "holding"), (TCP, "holding"), (TCP, "input")])
async def test_every_type_and_order(protocol: ProtocolKind, table: str) -> None:
    channels, content, values = golden_table(table)
    async with table_on(protocol, {table: content}, channels, largest_read=32) as (settings, bus):
        batch = await DRIVER.poll("meter", settings, bus).poll_samples()
        read = {sample.reading.channel: sample.reading.value for sample in batch if sample.reading}
        assert read == values
        assert [type(value) for value in read.values()] == [type(value) for value in values.values()]
        assert len({sample.monotonic_ns for sample in batch}) == 1
        assert batch[0].requested_at is not None
        assert batch[0].requested_at < batch[0].received_at


@pytest.mark.parametrize("protocol", [RTU, TCP])
async def test_coils_inputs_bits_texts_and_scales(protocol: ProtocolKind) -> None:
    tables = {
        "coil": {0: 1, 1: 0, 9: 1},
        "discrete": {20: 0, 21: 1},
        "holding": {7: 0b1000_0000_0000_0010, 8: 3, 9: 0x7FFF, 10: 604, 11: 9},
    }
    channels = {
        "Pump": {"at": "coil 0"},
        "Valve": {"at": "number 2"},
        "Door": {"at": "discrete 21"},
        "Low": {"at": "holding 7", "bit": 0},
        "Second": {"at": "holding 7", "bit": 1},
        "Top": {"at": "holding 7", "bit": 15},
        "Mode": {"at": "holding 8", "texts": {0: "stop", 3: "measure"}},
        "Odd": {"at": "holding 11", "texts": {0: "stop"}},
        "Absent": {"at": "holding 9", "type": "s16", "no_data": [0x7FFF]},
        "Temperature": {"at": "number 40011", "scale": 0.1, "offset": -40.0},
        "Tens": {"at": "holding 8", "scale": 10.0},
    }
    async with table_on(protocol, tables, channels) as (settings, bus):
        batch = await DRIVER.poll("meter", settings, bus).poll_samples()
        assert {sample.reading.channel: sample.reading.value for sample in batch if sample.reading} == {
            "Pump/Value": True,
            "Valve/Value": False,
            "Door/Value": True,
            "Low/Value": False,
            "Second/Value": True,
            "Top/Value": True,
            "Mode/Value": "measure",
            "Odd/Value": "9",
            "Absent/Value": None,
            "Temperature/Value": 20.4,
            "Tens/Value": 30,
        }


WRITABLE = {
    "Flow": {"at": "holding 0", "type": "f32", "order": "CDAB", "unit": "l/h", "write": {"lowest": 0, "highest": 100}},
    "Span": {"at": "holding 2", "scale": 0.1, "write": {"lowest": 0, "highest": 50, "function": 16}},
    "Zero": {"at": "holding 3", "type": "s16", "write": {"lowest": -500, "highest": 500}},
    "Mode": {"at": "holding 4", "texts": {0: "stop", 2: "run"}, "write": {"lowest": 0, "highest": 2}},
    "Pump": {"at": "coil 5", "write": {"verify": False}},
    "Total": {"at": "holding 8", "type": "u64", "write": {"lowest": 0, "highest": 1e15}},
    "Gone": {"at": "holding 60", "write": {"lowest": 0, "highest": 9}},
    "Seen": {"at": "holding 12"},
}


@pytest.mark.parametrize("protocol", [RTU, TCP])
async def test_what_is_written_is_encoded_sent_once_and_read_back(protocol: ProtocolKind) -> None:
    tables = {"holding": dict.fromkeys(range(20), 0), "coil": dict.fromkeys(range(8), 0)}
    async with table_on(protocol, tables, WRITABLE) as (settings, bus):
        actions = DRIVER.actions(settings, protocol)
        assert [action.name for action in actions] == [
            *("SetFlow", "SetSpan", "SetZero", "SetMode", "SetPump", "SetTotal", "SetGone")
        ]
        executor = DRIVER.executor("meter", settings, bus)

        async def wrote(action: str, given: ArgumentValue) -> str:
            return await executor.perform(action, [given])

        assert await wrote("SetFlow", 465.65997) == "Flow = 465.65997 l/h written and read back"
        assert await wrote("SetSpan", 12.3) == "Span = 12.3 written and read back"
        assert await wrote("SetZero", -2) == "Zero = -2 written and read back"
        assert await wrote("SetMode", 2) == "Mode = run written and read back"
        assert await wrote("SetPump", 1) == "Pump = True written, not read back"
        assert await wrote("SetTotal", 0x0102030405060) == f"Total = {0x0102030405060} written and read back"
        found = (await bus.read_holding_registers(ADDRESS, 0, 12)).values
        assert found == (0xD47A, 0x43E8, 123, 0xFFFE, 2, 0, 0, 0, 0, 0x1020, 0x3040, 0x5060)
        assert (await bus.read_coils(ADDRESS, 4, 3)).values == (0, 1, 0)
        assert await executor.leftovers() == ()
        for action, given, said in (
            ("SetFlow", math.nan, "finite"),
            ("SetMode", 1, "give 0 .stop., 2 .run."),
            ("SetZero", 40_000, "does not fit in s16"),
            ("SetSeen", 1, "no action 'SetSeen'"),
        ):
            with pytest.raises(ActionRefusedError, match=said):
                await wrote(action, given)
        with pytest.raises(DeviceRefusedError, match="illegal data address"):
            await wrote("SetGone", 1)
        assert (await bus.read_holding_registers(ADDRESS, 0, 12)).values == found


async def test_an_instrument_that_keeps_another_value_is_told_of() -> None:
    channels = {"Limit": {"at": "holding 0", "type": "u32", "write": {"lowest": 0, "highest": 99}}}
    async with table_on(TCP, {"holding": {0: 0, 1: 0}}, channels) as (settings, bus):

        class Stubborn:
            """Passes everything on, but for what is written."""

            protocol = bus.protocol
            read_holding_registers = staticmethod(bus.read_holding_registers)

            async def write_registers(self, unit: int, address: int, _values: tuple[int, ...]) -> Any:
                return await bus.write_registers(unit, address, [0, 7])

        with pytest.raises(GatewayError, match="Limit = 50 was taken, but reads back 7"):
            await DRIVER.executor("meter", settings, Stubborn()).perform("SetLimit", [50])  # type: ignore[arg-type]
