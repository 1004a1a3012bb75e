"""The ServerStatus variable and its components (OPC 10000-5 section 6.3.3)."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import anyio
from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.coroutine import run_without_suspending
from gateway.adapters.opcua.engine.wire_types import data_value, standard_node

_BUILD_DATE_UNKNOWN = datetime(1601, 1, 1, tzinfo=UTC)  # zero in OPC UA's time
_IDS = ObjectIds


class ServerStatus:
    """Writes the state and the time of the server.

    Args:
        aspace: Address space of an initialised server.
        product_uri: Identifies the product for ever.
        product_name: Name of the product.
        version: Version of the software.
    """

    def __init__(self, aspace: AddressSpace, *, product_uri: str, product_name: str, version: str) -> None:
        self._aspace = aspace
        now = datetime.now(UTC)
        build = ua.BuildInfo(
            ProductUri=product_uri,
            ManufacturerName=product_name,
            ProductName=product_name,
            SoftwareVersion=version,
            BuildNumber=version,
            BuildDate=_BUILD_DATE_UNKNOWN,
        )
        self._status = ua.ServerStatusDataType(
            StartTime=now, CurrentTime=now, State=ua.ServerState.Running, BuildInfo=build
        )
        self._write(_IDS.Server_ServerStatus_BuildInfo, build, ua.VariantType.ExtensionObject)
        for name in ("ProductUri", "ManufacturerName", "ProductName", "SoftwareVersion", "BuildNumber"):
            node = getattr(_IDS, f"Server_ServerStatus_BuildInfo_{name}")
            self._write(node, getattr(build, name), ua.VariantType.String)
        self._write(_IDS.Server_ServerStatus_BuildInfo_BuildDate, build.BuildDate, ua.VariantType.DateTime)
        self._write(_IDS.Server_ServerStatus_StartTime, now, ua.VariantType.DateTime)
        self.show(ua.ServerState.Running)

    def show(self, state: ua.ServerState) -> None:
        """Show this state and the present time."""
        self._status = dataclasses.replace(self._status, State=state, CurrentTime=datetime.now(UTC))
        self._write(_IDS.Server_ServerStatus, self._status, ua.VariantType.ExtensionObject)
        self._write(_IDS.Server_ServerStatus_CurrentTime, self._status.CurrentTime, ua.VariantType.DateTime)
        self._write(_IDS.Server_ServerStatus_State, int(state), ua.VariantType.Int32)

    async def keep_time(self) -> None:
        """Show the present time every second until cancelled."""
        while True:
            self.show(ua.ServerState.Running)
            await anyio.sleep(1)

    def _write(self, node: int, value: object, kind: ua.VariantType) -> None:
        now = self._status.CurrentTime
        data = data_value(ua.Variant(value, kind), ua.StatusCode(), now, now)
        written = self._aspace.write_attribute_value(standard_node(node), AttributeIds.Value, data)
        run_without_suspending(written).check()
