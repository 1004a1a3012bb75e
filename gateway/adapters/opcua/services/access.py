"""Who may read which variables, and what every node says of the rights on it (OPC 10000-3 section 4.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.security.identity import Role

if TYPE_CHECKING:
    from gateway.adapters.opcua.services.sessions import ClientSession

_ROLE_NODES = {
    Role.OBSERVER: standard_node(ObjectIds.WellKnownRole_Observer),
    Role.OPERATOR: standard_node(ObjectIds.WellKnownRole_Operator),
    Role.ENGINEER: standard_node(ObjectIds.WellKnownRole_Engineer),
}
_BROWSE, _READ_ROLE_PERMISSIONS, _READ, _RECEIVE_EVENTS, _CALL = 0x1, 0x2, 0x20, 0x800, 0x1000
"""PermissionType (OPC 10000-3 section 8.55)."""

_ALWAYS = _BROWSE | _READ_ROLE_PERMISSIONS
_BY_CLASS = {
    ua.NodeClass.Variable: _READ,
    ua.NodeClass.VariableType: _READ,
    ua.NodeClass.Object: _RECEIVE_EVENTS,
    ua.NodeClass.Method: _CALL,
}


def role_of(session: ClientSession) -> Role:
    """The role of the user of a session; somebody not yet known looks at most."""
    return Role.OBSERVER if session.identity is None else session.identity.role


class Access:
    """What needs which role. Whatever is not named here is open to everybody who may look."""

    def __init__(self) -> None:
        self._least: dict[ua.NodeId, Role] = {}

    def restrict(self, nodes: Iterable[ua.NodeId], least: Role) -> None:
        """Let values of these variables be read from this role on only."""
        self._least.update(dict.fromkeys(nodes, least))

    def is_open(self, node_id: ua.NodeId) -> bool:
        """Whether everybody may read a node who may look."""
        return node_id not in self._least

    def least(self, node_id: ua.NodeId) -> Role:
        """The least role that may read a node."""
        return self._least.get(node_id, Role.OBSERVER)


def role_permissions(node_class: ua.NodeClass, least: Role, roles: Iterable[Role]) -> list[ua.RolePermissionType]:
    """What each of the roles may do with a node.

    Args:
        node_class: Of the node.
        least: Role from which on it may be used for its purpose: read, called.
        roles: Those to tell about.
    """
    purpose = _BY_CLASS.get(node_class, 0)
    return [
        ua.RolePermissionType(
            RoleId=_ROLE_NODES[role],
            Permissions=ua.PermissionType(_ALWAYS | (purpose if role.includes(least) else 0)),
        )
        for role in roles
    ]
