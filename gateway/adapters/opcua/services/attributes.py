"""Attributes that depend on who asks, or that asyncua's nodes lack (OPC 10000-3 section 5).

Role permissions and AccessLevelEx are answered for every node, although they are optional: there are controllers that
give a server up when it answers BadAttributeIdInvalid.
"""

from __future__ import annotations

from collections.abc import Callable

from asyncua import ua
from asyncua.server.address_space import NodeData
from asyncua.ua.attribute_ids import AttributeIds

from gateway.adapters.opcua.security.identity import Role
from gateway.adapters.opcua.services.access import Access, role_of, role_permissions
from gateway.adapters.opcua.services.method_table import MethodTable
from gateway.adapters.opcua.services.sessions import ClientSession

_IDS, _KINDS, _CLASSES = AttributeIds, ua.VariantType, ua.NodeClass
_KNOWN = frozenset(map(int, _IDS))
_TYPE_CLASSES = frozenset({_CLASSES.ObjectType, _CLASSES.VariableType, _CLASSES.ReferenceType, _CLASSES.DataType})
_ALL_CLASSES = frozenset(_CLASSES) - {_CLASSES.Unspecified}
_DEFAULTS: dict[int, tuple[frozenset[ua.NodeClass], ua.Variant]] = {
    _IDS.WriteMask: (_ALL_CLASSES, ua.Variant(0, _KINDS.UInt32)),
    _IDS.UserWriteMask: (_ALL_CLASSES, ua.Variant(0, _KINDS.UInt32)),
    _IDS.IsAbstract: (_TYPE_CLASSES, ua.Variant(False, _KINDS.Boolean)),
    _IDS.Symmetric: (frozenset({_CLASSES.ReferenceType}), ua.Variant(False, _KINDS.Boolean)),
    _IDS.EventNotifier: (frozenset({_CLASSES.Object, _CLASSES.View}), ua.Variant(0, _KINDS.Byte)),
    _IDS.Historizing: (frozenset({_CLASSES.Variable}), ua.Variant(False, _KINDS.Boolean)),
    _IDS.AccessRestrictions: (_ALL_CLASSES, ua.Variant(0, _KINDS.UInt16)),
}
"""What a node has that says nothing else: mandatory attributes, and nothing of it can be written."""

_READABLE = ua.AccessLevel.CurrentRead.mask


def node_class(node: NodeData) -> ua.NodeClass:
    """The class of a node."""
    data = node.attributes[_IDS.NodeClass].value
    return ua.NodeClass(data.Value.Value if data is not None and data.Value is not None else 0)


def stored(node: NodeData, attribute: int) -> ua.DataValue | None:
    """What a node itself has as an attribute; None if it has none."""
    held = node.attributes.get(_IDS(attribute)) if attribute in _KNOWN else None
    if held is None:
        return None
    if held.value_callback is not None:
        return held.value_callback(node.nodeid, _IDS(attribute))
    return held.value


def access_level(node: NodeData, attribute: int = _IDS.AccessLevel) -> int:
    """AccessLevel or UserAccessLevel as the node has it; what has none, such as a VariableType, can be read."""
    data = stored(node, attribute)
    return _READABLE if data is None or data.Value is None else int(data.Value.Value)


class Attributes:
    """Answers attributes other than values.

    Args:
        methods: Who may call what.
        access: Who may read what.
    """

    def __init__(self, methods: MethodTable, access: Access) -> None:
        self._methods = methods
        self._access = access
        self._computed: dict[int, Callable[[NodeData, ClientSession], ua.Variant | None]] = {
            _IDS.UserAccessLevel: self._user_access_level,
            _IDS.AccessLevelEx: self._access_level_ex,
            _IDS.Executable: self._executable,
            _IDS.UserExecutable: self._user_executable,
            _IDS.RolePermissions: self._role_permissions,
            _IDS.UserRolePermissions: self._user_role_permissions,
        }

    def read(self, node: NodeData, attribute: int, session: ClientSession) -> ua.DataValue | None:
        """One attribute; None if this node has no such attribute."""
        compute = self._computed.get(attribute)
        if compute is not None:
            variant = compute(node, session)
            return None if variant is None else ua.DataValue(variant)
        data = stored(node, attribute)
        if data is not None:
            undefined = attribute == _IDS.DataTypeDefinition and (data.Value is None or data.Value.Value is None)
            return None if undefined else data
        classes, variant = _DEFAULTS.get(attribute, (frozenset(), None))
        return ua.DataValue(variant) if node_class(node) in classes else None

    def _user_access_level(self, node: NodeData, session: ClientSession) -> ua.Variant | None:
        if _IDS.AccessLevel not in node.attributes:
            return None
        level = access_level(node) & access_level(node, _IDS.UserAccessLevel)
        if not role_of(session).includes(self._access.least(node.nodeid)):
            level &= ~_READABLE
        return ua.Variant(level, _KINDS.Byte)

    def _access_level_ex(self, node: NodeData, _session: ClientSession) -> ua.Variant | None:
        if _IDS.AccessLevel not in node.attributes:
            return None
        return ua.Variant(access_level(node), _KINDS.UInt32)

    def _executable(self, node: NodeData, _session: ClientSession) -> ua.Variant | None:
        if node_class(node) != _CLASSES.Method:
            return None
        return ua.Variant(self._methods.is_executable(node.nodeid), _KINDS.Boolean)

    def _user_executable(self, node: NodeData, session: ClientSession) -> ua.Variant | None:
        if node_class(node) != _CLASSES.Method:
            return None
        return ua.Variant(self._methods.is_executable_by(node.nodeid, session), _KINDS.Boolean)

    def _role_permissions(self, node: NodeData, _session: ClientSession) -> ua.Variant:
        return self._permissions(node, tuple(Role))

    def _user_role_permissions(self, node: NodeData, session: ClientSession) -> ua.Variant:
        return self._permissions(node, tuple(role for role in Role if role_of(session).includes(role)))

    def _permissions(self, node: NodeData, roles: tuple[Role, ...]) -> ua.Variant:
        own = node_class(node)
        least = self._methods.least(node.nodeid) if own == _CLASSES.Method else self._access.least(node.nodeid)
        return ua.Variant(role_permissions(own, least, roles), _KINDS.ExtensionObject, is_array=True)
