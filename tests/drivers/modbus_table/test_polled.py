"""What a sweep gives: flags, status that changes, slow and static values, registers that are refused, and losses."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway.drivers.modbus_table.driver import DRIVER
from gateway.errors import DeviceRefusedError, GatewayError
from gateway.model.projection import projection
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ProtocolKind
from gateway.model.site_builder import build_site
from tests.drivers.modbus_table.test_third_party import ADDRESS, TCP, table_on


def told(batch: Any) -> dict[str, object]:
    return {sample.channel: sample.reading.value for sample in batch}


def projected(settings: Any) -> Any:
    """A function from batches to the state of each point by its path."""
    description = DRIVER.describe(settings, TCP)
    group = build_site("site", [("meter", "", description)]).groups[0]
    made = projection(group, description)
    paths = [point.browse_path for point in group.points]

    def states(batch: Any) -> dict[str, State]:
        return dict(zip(paths, made.project(batch).states, strict=True))

    return states


STATUS_TABLE = {
    "CO": {
        "at": "input 0",
        "type": "f32",
        "unit": "ppm",
        "status": {
            "fault": [{"at": "holding 10", "bit": 0}, {"at": "holding 11", "values": [3, 4]}],
            "alarm2": [{"at": "coil 0", "inverted": True}],
        },
    },
    "Hours": {"at": "input 2", "every_s": 3600.0},
}
ANALYSER = {
    "fault": [{"at": "holding 12"}],
    "maintenance": [{"at": "holding 13", "bit": 3}],
    "calibrating": [{"at": "coil 1"}],
}
QUIET = {"input": {0: 0x41A3, 1: 0x020C, 2: 77}, "holding": {10: 0, 11: 0, 12: 0, 13: 0}, "coil": {0: 1, 1: 0}}


async def test_flags_become_points_and_states() -> None:
    async with table_on(TCP, QUIET, STATUS_TABLE, status=ANALYSER) as (settings, bus):
        source, states = DRIVER.poll("meter", settings, bus), projected(settings)
        batch = await source.poll_samples()
        assert told(batch) == {
            "CO/Value": 20.376,
            "CO/Fault": False,
            "CO/Alarm2": False,
            "Hours/Value": 77,
            "Status/Fault": False,
            "Status/Maintenance": False,
            "Status/Calibrating": False,
        }
        assert set(states(batch).values()) == {State.GOOD}

        await bus.write_register(ADDRESS, 10, 2)
        assert "Hours/Value" not in told(batch := await source.poll_samples())
        assert told(batch)["CO/Fault"] is False
        for address, value, flag, state in (
            (10, 3, "CO/Fault", State.CHANNEL_FAULT),
            (11, 4, "CO/Fault", State.CHANNEL_FAULT),
            (12, 9, "Status/Fault", State.ANALYSER_FAULT),
            (13, 8, "Status/Maintenance", State.MAINTENANCE),
        ):
            await bus.write_register(ADDRESS, address, value)
            batch = await source.poll_samples()
            found = states(batch)
            assert told(batch)[flag] is True
            assert (found["CO/Value"], found[flag]) == (state, State.GOOD)
            await bus.write_register(ADDRESS, address, 0)
            assert states(await source.poll_samples())["CO/Value"] is State.GOOD
        await bus.write_coil(ADDRESS, 0, on=False)
        found = states(await source.poll_samples())
        assert (found["CO/Value"], found["CO/Alarm2"]) == (State.ALARM, State.GOOD)


async def test_a_slow_value_follows_its_status_at_once() -> None:
    async with table_on(TCP, QUIET, STATUS_TABLE, status=ANALYSER) as (settings, bus):
        source, states = DRIVER.poll("meter", settings, bus), projected(settings)
        states(await source.poll_samples())
        await bus.write_coil(ADDRESS, 1, on=True)
        batch = await source.poll_samples()
        assert told(batch)["Hours/Value"] == 77
        assert states(batch)["Hours/Value"] is State.CALIBRATING
        assert "Hours/Value" not in told(await source.poll_samples())
        await bus.write_coil(ADDRESS, 1, on=False)
        assert states(await source.poll_samples())["Hours/Value"] is State.GOOD


async def test_a_fault_of_the_analyser_spoils_what_is_slow_as_well() -> None:
    async with table_on(TCP, QUIET, STATUS_TABLE, status=ANALYSER) as (settings, bus):
        source, states = DRIVER.poll("meter", settings, bus), projected(settings)
        states(await source.poll_samples())
        await bus.write_register(ADDRESS, 12, 1)
        batch = await source.poll_samples()
        assert batch[0].metadata["analyser"] == AnalyserStatus(fault=True)
        assert states(batch)["Hours/Value"] is State.ANALYSER_FAULT


HOLES = {
    **{f"R{number}": {"at": f"holding {number}"} for number in range(100, 120)},
    "Beyond": {"at": "holding 120", "type": "f32"},
}


async def test_one_register_that_is_refused_costs_no_other_its_value(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="gateway.analyser.meter")
    table = {"holding": {number: number for number in range(100, 121)}}
    async with table_on(TCP, table, HOLES) as (settings, bus):
        source, states = DRIVER.poll("meter", settings, bus), projected(settings)
        with pytest.raises(DeviceRefusedError):
            await source.poll_samples()
        found: dict[str, State] = {}
        for _ in range(8):
            found = states(await source.poll_samples())
        assert {found[f"R{number}/Value"] for number in range(100, 120)} == {State.GOOD}
        assert found["Beyond/Value"] is State.NO_VALUE
        told_of = [record.message for record in caplog.records if record.levelno == logging.ERROR]
        assert len(told_of) == 1
        assert "holding registers 40121 and 40122 (PDU addresses 120 and 121): refused with exception 2" in told_of[0]
        assert "so there is no Beyond/Value; compare with the vendor's table" in told_of[0]
        before = bus.address_health(ADDRESS).requests
        await source.poll_samples()
        assert bus.address_health(ADDRESS).requests - before <= 6


async def test_a_value_whose_status_is_refused_is_no_value() -> None:
    channels = {"CO": {"at": "input 0", "type": "f32", "status": {"fault": [{"at": "holding 99"}]}}}
    async with table_on(TCP, QUIET, channels) as (settings, bus):
        source, states = DRIVER.poll("meter", settings, bus), projected(settings)
        batch = await source.poll_samples()
        assert told(batch) == {"CO/Value": None, "CO/Fault": None}
        assert states(batch)["CO/Value"] is State.NO_VALUE


async def test_an_instrument_that_refuses_everything_is_an_error() -> None:
    async with table_on(TCP, QUIET, {"A": {"at": "holding 99"}}) as (settings, bus):
        source = DRIVER.poll("meter", settings, bus)
        for _ in range(3):
            with pytest.raises(DeviceRefusedError, match="illegal data address"):
                await source.poll_samples()


async def test_what_is_read_once_is_read_again_after_a_loss() -> None:
    channels = {"A": {"at": "input 2"}, "Serial": {"at": "holding 10", "once": True}}
    async with table_on(TCP, QUIET, channels) as (settings, bus):

        class Interrupted:
            """A wire that can be pulled."""

            protocol = ProtocolKind.MODBUS_TCP
            read_holding_registers = staticmethod(bus.read_holding_registers)
            pulled = False

            async def read_input_registers(self, unit: int, address: int, count: int) -> Any:
                if self.pulled:
                    raise GatewayError("pulled")
                return await bus.read_input_registers(unit, address, count)

        wire = Interrupted()
        source = DRIVER.poll("meter", settings, wire)  # type: ignore[arg-type]
        assert told(await source.poll_samples()) == {"Serial/Value": 0, "A/Value": 77}
        assert told(await source.poll_samples()) == {"A/Value": 77}
        wire.pulled = True
        with pytest.raises(GatewayError, match="pulled"):
            await source.poll_samples()
        wire.pulled = False
        assert told(await source.poll_samples()) == {"Serial/Value": 0, "A/Value": 77}
        assert told(await source.poll_samples()) == {"A/Value": 77}
