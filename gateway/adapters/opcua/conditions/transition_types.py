"""EventTypes of our own: transitions of an analyser (TransitionEventType, OPC 10000-16 section 4.4.18)."""

from __future__ import annotations

from collections.abc import Iterator

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.node_ids import SITE_NAMESPACE_INDEX

_IDS = ObjectIds


def _own(identifier: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(identifier), ua.Int16(SITE_NAMESPACE_INDEX))


CALIBRATION_EVENT = _own(2)
HEALTH_EVENT = _own(3)
"""Numeric, because an analyser may have any name."""

_TYPES = (
    (CALIBRATION_EVENT, "CalibrationTransitionEventType", "A calibration has begun, gone on to another gas, or ended"),
    (HEALTH_EVENT, "HealthTransitionEventType", "The health of an analyser by NAMUR NE 107 has changed"),
)


def transition_type_items() -> Iterator[ua.AddNodesItem]:
    """Nodes of the types."""
    for node_id, name, description in _TYPES:
        yield ua.AddNodesItem(
            RequestedNewNodeId=node_id,
            ParentNodeId=standard_node(_IDS.TransitionEventType),
            ReferenceTypeId=standard_node(_IDS.HasSubtype),
            BrowseName=ua.QualifiedName(name, SITE_NAMESPACE_INDEX),
            NodeClass=ua.NodeClass.ObjectType,
            NodeAttributes=ua.ObjectTypeAttributes(
                DisplayName=ua.LocalizedText(name), Description=ua.LocalizedText(description), IsAbstract=False
            ),
        )
