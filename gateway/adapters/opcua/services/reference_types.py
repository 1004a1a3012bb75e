"""Reference types with their subtypes."""

from __future__ import annotations

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.services.attributes import node_class

_SUBTYPE = standard_node(ObjectIds.HasSubtype)


class ReferenceTypes:
    """Answers which references count as what; types are not added to a server that runs.

    Args:
        aspace: Where the types are.
    """

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = aspace
        self._families: dict[ua.NodeId, frozenset[ua.NodeId]] = {}

    def wanted(self, reference_type: ua.NodeId, *, subtypes: bool) -> frozenset[ua.NodeId] | None:
        """The types that a client asks for; None, for a null NodeId, means all; empty if it names no reference type."""
        if reference_type.is_null():
            return None
        family = self._families.get(reference_type)
        if family is None:
            node = self._aspace.get(reference_type)
            if node is None or node_class(node) != ua.NodeClass.ReferenceType:
                return frozenset()
            family = self._families[node.nodeid] = self._with_subtypes(node.nodeid)
        return family if subtypes else frozenset({reference_type})

    def _with_subtypes(self, root: ua.NodeId) -> frozenset[ua.NodeId]:
        found, ahead = {root}, [root]
        while ahead:
            node = self._aspace.get(ahead.pop())
            for one in () if node is None else node.references:
                if one.IsForward and one.ReferenceTypeId == _SUBTYPE and one.NodeId not in found:
                    found.add(one.NodeId)
                    ahead.append(one.NodeId)
        return frozenset(found)
