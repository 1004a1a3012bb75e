"""What the server says of its own namespaces (NamespaceMetadataType, OPC 10000-5 section 6.3.14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.builder import add_nodes
from gateway.adapters.opcua.address_space.node_items import object_item, variable_item
from gateway.adapters.opcua.engine.wire_types import standard_node

_OWN_INDEX = ua.Int16(1)  # of the server itself: these nodes are no part of a site or of a model
_KINDS = ua.VariantType


@dataclass(frozen=True, slots=True)
class NamespaceMetadata:
    """One namespace.

    Attributes:
        index: Place in the NamespaceArray.
        uri: Its name.
        version: Of what is in it.
        published: When that version was made; aware UTC.
        id_types: How its nodes are numbered, where they are the same on every server; none where they are not.
        is_subset: Whether the server has less than all of it.
    """

    index: int
    uri: str
    version: str
    published: datetime
    id_types: tuple[ua.IdType, ...] = ()
    is_subset: bool = False


def _items(metadata: NamespaceMetadata) -> Iterator[ua.AddNodesItem]:
    name_of_place = f"Namespaces/{metadata.uri}"
    place = ua.NodeId(ua.String(name_of_place), _OWN_INDEX)
    folder = object_item(
        place,
        standard_node(ObjectIds.Server_Namespaces),
        metadata.uri,
        "",
        reference=ObjectIds.HasComponent,
        definition=ObjectIds.NamespaceMetadataType,
    )
    folder.BrowseName = ua.QualifiedName(metadata.uri, metadata.index)
    yield folder
    properties: dict[str, tuple[int, object, ua.VariantType]] = {
        "NamespaceUri": (ObjectIds.String, metadata.uri, _KINDS.String),
        "NamespaceVersion": (ObjectIds.String, metadata.version, _KINDS.String),
        "NamespacePublicationDate": (ObjectIds.DateTime, metadata.published, _KINDS.DateTime),
        "IsNamespaceSubset": (ObjectIds.Boolean, metadata.is_subset, _KINDS.Boolean),
        "StaticNodeIdTypes": (ObjectIds.IdType, [int(one) for one in metadata.id_types], _KINDS.Int32),
        "StaticNumericNodeIdRange": (ObjectIds.NumericRange, [], _KINDS.String),
        "StaticStringNodeIdPattern": (ObjectIds.String, "", _KINDS.String),
    }
    for name, (data_type, value, kind) in properties.items():
        length = len(value) if isinstance(value, list) else None
        yield variable_item(
            ua.NodeId(ua.String(f"{name_of_place}/{name}"), _OWN_INDEX),
            place,
            ua.QualifiedName(name, 0),
            "",
            reference=ObjectIds.HasProperty,
            definition=ObjectIds.PropertyType,
            data_type=data_type,
            value=ua.Variant(value, kind, is_array=length is not None),
            length=length,
        )


def add_namespace_metadata(aspace: AddressSpace, metadata: NamespaceMetadata) -> None:
    """Show it below Server/Namespaces; no client can see the address space yet.

    Raises:
        AdapterError: It is there already.
    """
    add_nodes(aspace, _items(metadata))
