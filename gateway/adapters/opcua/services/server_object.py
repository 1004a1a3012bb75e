"""The Server object of a running server: everything below it that has a value (OPC 10000-5 section 8.3.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.services.served_values import ServedValues
from gateway.adapters.opcua.services.service_level import STOPPING, service_level
from gateway.model.quality import State

_IDS, _KINDS = ObjectIds, ua.VariantType
_BUILD_DATE_UNKNOWN = datetime(1601, 1, 1, tzinfo=UTC)  # zero in OPC UA's time
_STOPS = ua.LocalizedText("The gateway is being stopped", "en")


def build_info(*, product_uri: str, product_name: str, version: str) -> ua.BuildInfo:
    """What the software is.

    Args:
        product_uri: Identifies the product for ever.
        product_name: Name of the product.
        version: Version of the software.
    """
    return ua.BuildInfo(
        ProductUri=product_uri,
        ManufacturerName=product_name,
        ProductName=product_name,
        SoftwareVersion=version,
        BuildNumber=version,
        BuildDate=_BUILD_DATE_UNKNOWN,
    )


def _local_time() -> ua.TimeZoneDataType:
    here = datetime.now().astimezone()
    offset, summer = here.utcoffset(), here.dst()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    return ua.TimeZoneDataType(Offset=minutes, DaylightSavingInOffset=bool(summer))


class ServerObject:
    """Shows the state, the time and the level of service of the server.

    Args:
        aspace: Address space with all its nodes; no client can see it yet.
        build: What the software is.
        states: States of what each analyser says, at the moment.
    """

    def __init__(
        self, aspace: AddressSpace, build: ua.BuildInfo, states: Callable[[], Sequence[Sequence[State]]]
    ) -> None:
        self._aspace = aspace
        self._values = ServedValues(aspace)
        self._states = states
        self._status = ua.ServerStatusDataType(
            StartTime=datetime.now(UTC),
            State=ua.ServerState.Running,
            BuildInfo=build,
            ShutdownReason=ua.LocalizedText(""),
        )

    def show(self) -> None:
        """Fill what is the same for every server of ours."""
        values, build = self._values, self._status.BuildInfo
        values.show(_IDS.Server_ServerStatus_BuildInfo, build, _KINDS.ExtensionObject)
        for field in dataclasses.fields(ua.BuildInfo):
            kind = _KINDS.DateTime if field.name == "BuildDate" else _KINDS.String
            values.show(getattr(_IDS, f"Server_ServerStatus_BuildInfo_{field.name}"), getattr(build, field.name), kind)
        values.show(_IDS.Server_ServerStatus_StartTime, self._status.StartTime, _KINDS.DateTime)
        values.show(_IDS.Server_EstimatedReturnTime, self._status.StartTime, _KINDS.DateTime)
        values.show(_IDS.Server_ServerStatus_SecondsTillShutdown, 0, _KINDS.UInt32)
        values.show(_IDS.Server_Auditing, True, _KINDS.Boolean)
        values.show(_IDS.Server_ServerRedundancy_RedundancySupport, 0, _KINDS.Int32)
        values.show(_IDS.OPCUANamespaceMetadata_StaticStringNodeIdPattern, "", _KINDS.String)
        values.show(_IDS.OPCUANamespaceMetadata_IsNamespaceSubset, True, _KINDS.Boolean)
        values.pull(_IDS.Server_ServerStatus, self.status, _KINDS.ExtensionObject)
        values.pull(_IDS.Server_ServerStatus_CurrentTime, lambda: datetime.now(UTC), _KINDS.DateTime)
        values.pull(_IDS.Server_LocalTime, _local_time, _KINDS.ExtensionObject)
        values.pull(_IDS.Server_ServiceLevel, self.service_level, _KINDS.Byte)
        self._show_state()

    def status(self) -> ua.ServerStatusDataType:
        """State and time at the moment."""
        return dataclasses.replace(self._status, CurrentTime=datetime.now(UTC))

    def service_level(self) -> int:
        """See the module of that name."""
        return service_level(self._states()) if self._status.State == ua.ServerState.Running else STOPPING

    def stop(self) -> None:
        """Say that the server is about to go."""
        self._status = dataclasses.replace(self._status, State=ua.ServerState.Shutdown, ShutdownReason=_STOPS)
        self._values.show(_IDS.Server_EstimatedReturnTime, datetime.now(UTC), _KINDS.DateTime)
        self._show_state()
        self._values.show(_IDS.Server_ServiceLevel, STOPPING, _KINDS.Byte)
        self._values.show(_IDS.Server_ServerStatus, self.status(), _KINDS.ExtensionObject)

    def _show_state(self) -> None:
        self._values.show(_IDS.Server_ServerStatus_State, int(self._status.State), _KINDS.Int32)
        self._values.show(_IDS.Server_ServerStatus_ShutdownReason, self._status.ShutdownReason, _KINDS.LocalizedText)
