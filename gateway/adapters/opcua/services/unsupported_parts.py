"""Parts of OPC UA's own address space that stand for things this server cannot do; they are taken out.

asyncua 2.1.0 shows all of them, without values: PubSub, certificate management, history, logs. A client that finds them
asks for them.
"""

from __future__ import annotations

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node

_IDS = ObjectIds
_CAPABILITIES, _LIMITS = "Server_ServerCapabilities", "Server_ServerCapabilities_OperationLimits"
_PARTS = (
    _IDS.ServerConfiguration,
    _IDS.PublishSubscribe,
    _IDS.Dictionaries,
    _IDS.Resources,
    _IDS.ServerLog,
    _IDS.DefaultHAConfiguration,
    _IDS.DefaultHEConfiguration,
    _IDS.HistoryServerCapabilities,
    _IDS.Quantities,
    _IDS.Server_UrisVersion,
    _IDS.Server_ServerRedundancy_RedundantServerArray,
    _IDS.Server_ServerDiagnostics_SamplingIntervalDiagnosticsArray,
    getattr(_IDS, f"{_CAPABILITIES}_ConformanceUnits"),
    *(
        getattr(_IDS, f"{_LIMITS}_MaxNodesPer{what}")
        for what in (
            "HistoryReadData", "HistoryReadEvents", "HistoryUpdateData", "HistoryUpdateEvents", "NodeManagement",
        )
    ),
    *(getattr(_IDS, f"OPCUANamespaceMetadata_Default{what}") for what in (
        "RolePermissions", "UserRolePermissions", "AccessRestrictions",
    )),
    *(getattr(_IDS, f"WellKnownRole_{role}") for role in (
        "Supervisor", "SecurityAdmin", "ConfigureAdmin", "TrustedApplication",
        "SecurityKeyServerAdmin", "SecurityKeyServerAccess", "SecurityKeyServerPush",
    )),
)  # fmt: skip
_ROLES = tuple(
    getattr(_IDS, f"WellKnownRole_{role}")
    for role in ("Anonymous", "AuthenticatedUser", "Observer", "Operator", "Engineer")
)
_OF_ROLES_STAYS = "Identities"
_DOWN = frozenset(map(standard_node, (_IDS.HasComponent, _IDS.HasProperty, _IDS.HasOrderedComponent)))


def _children(aspace: AddressSpace, node_id: ua.NodeId) -> list[ua.ReferenceDescription]:
    return [one for one in aspace[node_id].references if one.IsForward and one.ReferenceTypeId in _DOWN]


def _with_all_below(aspace: AddressSpace, roots: list[ua.NodeId]) -> set[ua.NodeId]:
    found: set[ua.NodeId] = set()
    ahead = [root for root in roots if root in aspace]
    while ahead:
        node_id = ahead.pop()
        if node_id not in found:
            found.add(node_id)
            ahead.extend(one.NodeId for one in _children(aspace, node_id))
    return found


def remove_unsupported_parts(aspace: AddressSpace) -> None:
    """Take them out, with all references to them. Takes 0.01 s; no client can see the address space yet."""
    roots = [standard_node(part) for part in _PARTS]
    for role in map(standard_node, _ROLES):
        roots.extend(one.NodeId for one in _children(aspace, role) if one.BrowseName.Name != _OF_ROLES_STAYS)
    gone = _with_all_below(aspace, roots)
    for node_id in gone:
        del aspace[node_id]
    for node_id in aspace.keys():  # noqa: SIM118  an address space is no mapping
        node = aspace[node_id]
        if any(one.NodeId in gone for one in node.references):
            node.references[:] = [one for one in node.references if one.NodeId not in gone]
