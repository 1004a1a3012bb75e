"""A register table end to end: libmodbus in, an OPC UA client and libca out, and a write all the way back."""

from __future__ import annotations

import getpass
from typing import Any

import anyio
from asyncua import Client

from gateway.model.readings import ProtocolKind
from gateway.model.value import Value
from tests.clients.libca import connected
from tests.drivers.modbus_table.libmodbus import libmodbus_server
from tests.drivers.modbus_table.test_third_party import golden_table
from tests.system.conftest import StartGateway

ADDRESS = 17
OWN: dict[str, Any] = {
    "Flow": {
        "at": "holding 0",
        "type": "f32",
        "order": "CDAB",
        "unit": "l/h",
        "range": [0, 60],
        "precision": 1,
        "limits": {"high": 40},
        "write": {"lowest": 0, "highest": 60},
        "status": {"maintenance": [{"at": "coil 3"}]},
    },
    "Mode": {"at": "holding 2", "texts": {"0": "stop", "4": "measure"}},
    "Missing": {"at": "holding 900", "every_s": 5},
}


async def test_registers_become_nodes_and_pvs_and_a_write_reaches_the_instrument(start_gateway: StartGateway) -> None:
    channels, content, values = golden_table("holding")
    tables = {"holding": content | {0: 0, 1: 0x41A0, 2: 4}, "coil": {3: 1}}
    async with libmodbus_server(ProtocolKind.MODBUS_TCP, ADDRESS, tables) as link:
        buses = {"line": {"link": link, "protocol": "modbus-tcp", "idle_gap_ms": 1, "turnaround_ms": 1}}
        entry = {
            "driver": "modbus_table",
            "bus": "line",
            "address": ADDRESS,
            "rate_hz": 4.0,
            "manufacturer": "Nobody",
            "gaps": "allowed",
            "channels": OWN | channels,
            "actions": {"SetFlow": [getpass.getuser()]},
        }
        operators = {getpass.getuser(): {"hosts": ["127.0.0.1"]}}
        async with (
            start_gateway(buses, {"meter": entry}, operators=operators) as gateway,
            Client(gateway.opcua_url) as ua,
        ):

            async def node(path: str) -> tuple[str, Value]:
                data = await ua.get_node(f"ns=2;s=meter/{path}").read_data_value(raise_on_bad_status=False)
                assert data.StatusCode is not None
                return data.StatusCode.name, None if data.Value is None else data.Value.Value

            async def until(path: str, shown: tuple[str, Value]) -> None:
                with anyio.fail_after(30):
                    while await node(path) != shown:
                        pass

            await until("Missing/Value", ("Bad", None))
            for path, value in values.items():
                assert await node(path) == ("Bad" if value is None else "Good", value)
            assert await node("Flow/Value") == ("Good", 20.0)
            assert await node("Mode/Value") == ("Good", "measure")
            assert await node("Flow/Maintenance") == ("Good", True)

            async with connected(gateway.ca_port) as client:
                flow = await client.get("T:meter:Flow", format="CTRL")
                assert (flow["value"], flow["units"], flow["precision"]) == (20.0, "l/h", 1)
                assert (flow["upper_disp_limit"], flow["upper_warning_limit"]) == (60.0, 40.0)
                assert (flow["severity"], flow["status"]) == (1, 7)  # MINOR, STATE: maintenance is asked for
                assert (await client.get("T:meter:Mode"))["value"] == "measure"
                assert (await client.get("T:meter:bcd32_CDAB_28"))["value"] == 12345678
                assert (await client.get("T:meter:Missing", format="TIME"))["severity"] == 3
                await client.put("T:meter:Action:SetFlow", 42.5)
                await client.put("T:meter:Action:Confirm", 1)
                said = await client.get("T:meter:Action:Result")
                assert said["value"] == "Flow = 42.5 l/h written and read back"
                await until("Flow/Value", ("Good", 42.5))
                high = await client.get("T:meter:Flow", format="TIME")
                assert (high["value"], high["severity"], high["status"]) == (42.5, 1, 4)  # MINOR, HIGH
        told_of = [line for line in gateway.log if "refused with exception 2" in line and "ERROR" in line]
        assert len(told_of) == 1
        assert "holding register 40901 (PDU address 900)" in told_of[0]
