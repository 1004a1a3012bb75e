"""The only way nodes of ours get into the address space."""

from __future__ import annotations

from collections.abc import Iterable

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeManagementService

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.errors import AdapterError


def _refused(subject: str, reason: str) -> AdapterError:
    return AdapterError(f"{subject} was refused: {reason}", where="opcua", hint="report this as a bug of the gateway")


def add_nodes(aspace: AddressSpace, items: Iterable[ua.AddNodesItem]) -> None:
    """Add nodes with the references to and from their parents, and to their types.

    Args:
        aspace: Where to add; no client can see it yet.
        items: As `node_items` makes them, parents before their children. Nodes of the address space share what the
            items hold, so it must not be changed afterwards.

    Raises:
        AdapterError: A node has no parent or no type, or its NodeId or BrowseName is taken; it is named.
    """
    management = NodeManagementService(aspace)
    for item in items:
        (result,) = management.add_nodes([item])
        if not result.StatusCode.is_good():
            raise _refused(f"node {item.RequestedNewNodeId.to_string()}", result.StatusCode.name)


def add_reference(aspace: AddressSpace, source: ua.NodeId, reference: int | ua.NodeId, target: ua.NodeId) -> None:
    """Add a reference between nodes that exist, in both directions.

    Args:
        aspace: Where both are.
        source: From where it leads.
        reference: Its type; a number is one of OPC UA itself (`ObjectIds`).
        target: Where it leads.

    Raises:
        AdapterError: One of the nodes does not exist, or the same reference exists the other way round.
    """
    kind = standard_node(reference) if isinstance(reference, int) else reference
    management = NodeManagementService(aspace)
    items = [
        ua.AddReferencesItem(
            SourceNodeId=one,
            ReferenceTypeId=kind,
            IsForward=forward,
            TargetNodeId=other,
            TargetNodeClass=ua.NodeClass.Unspecified,
        )
        for one, other, forward in ((source, target, True), (target, source, False))
    ]
    for item, status in zip(items, management.add_references(items), strict=True):
        if not status.is_good():
            subject = f"reference {item.SourceNodeId.to_string()} -> {item.TargetNodeId.to_string()}"
            raise _refused(subject, status.name)
