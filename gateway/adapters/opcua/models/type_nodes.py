"""The nodes of types: from rows of the tables into an address space."""

from __future__ import annotations

from collections.abc import Iterable

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.models.irdi_entries import IRDI_ENTRIES
from gateway.adapters.opcua.models.namespaces import EDITIONS, GAS, IRDI, METADATA, Namespace, NodeRef, standard
from gateway.adapters.opcua.models.node_table import BrowseName, Member, TypeRow
from gateway.adapters.opcua.models.node_writer import NULL, NodeWriter
from gateway.adapters.opcua.models.standard_types import BOOLEAN, DATE_TIME, STRING

_HAS_SUBTYPE = standard(ObjectIds.HasSubtype)
_HAS_MODELLING_RULE = standard(ObjectIds.HasModellingRule)
_DICTIONARIES = standard(ObjectIds.Dictionaries)
_DICTIONARY_FOLDER = standard(ObjectIds.DictionaryFolderType)
_IRDI_ENTRY = standard(ObjectIds.IrdiDictionaryEntryType)
_NAMESPACES = standard(ObjectIds.Server_Namespaces)
_NAMESPACE_METADATA = standard(ObjectIds.NamespaceMetadataType)
_ID_TYPE = standard(ObjectIds.IdType)
_NUMERIC_RANGE = standard(ObjectIds.NumericRange)
_NUMERIC = 0
"""IdType of a numeric identifier."""


def add_types(writer: NodeWriter, rows: Iterable[TypeRow]) -> None:
    """Add types with their members, supertypes before their subtypes. A type that is there already is left alone."""
    new = [row for row in rows if not writer.has(row.node)]
    for row in new:
        writer.add(
            writer.node(row.node),
            writer.node(row.supertype),
            row.name,
            row.node_class,
            _type_attributes(writer, row),
            reference=_HAS_SUBTYPE,
        )
    for row in new:
        for link in row.links:
            writer.link(writer.node(row.node), link.reference, writer.node(link.target))
        for member in row.members:
            _add_member(writer, row.node, member)
    writer.flush()


def _type_attributes(writer: NodeWriter, row: TypeRow) -> ua.NodeAttributes:
    match row.node_class:
        case ua.NodeClass.VariableType:
            return ua.VariableTypeAttributes(
                Value=NULL,
                DataType=writer.node(row.data_type or row.node),
                ValueRank=ua.Int32(row.value_rank),
                IsAbstract=row.abstract,
            )
        case ua.NodeClass.DataType:
            fields = [ua.EnumField(Name=name, Value=ua.Int64(number)) for name, number in row.fields]
            return ua.DataTypeAttributes(
                IsAbstract=row.abstract,
                DataTypeDefinition=ua.EnumDefinition(Fields=fields),  # type: ignore[call-arg]  # asyncua adds it later
            )
    return ua.ObjectTypeAttributes(IsAbstract=row.abstract)


def _add_member(writer: NodeWriter, owner: NodeRef, member: Member) -> None:
    node_id, parent = writer.node(member.node), writer.node(owner)
    if member.node_class == ua.NodeClass.Method:
        attributes = ua.MethodAttributes(Executable=False, UserExecutable=False)
        writer.add(node_id, parent, member.name, member.node_class, attributes, reference=member.reference)
    elif member.definition is not None and member.data_type is not None:
        writer.variable(
            node_id,
            parent,
            member.name,
            member.definition,
            member.data_type,
            member.value or NULL,
            reference=member.reference,
            rank=member.value_rank,
        )
    elif member.definition is not None:
        writer.object(node_id, parent, member.name, member.definition, reference=member.reference)
    if member.rule is not None:
        writer.link(node_id, _HAS_MODELLING_RULE, writer.node(standard(int(member.rule))))
    for link in member.links:
        writer.link(node_id, link.reference, writer.node(link.target))
    for below in member.members:
        _add_member(writer, member.node, below)


def add_dictionaries_folder(writer: NodeWriter) -> None:
    """Add the folder of all dictionaries, which a server without any does not have."""
    if not writer.has(_DICTIONARIES):
        server = writer.node(standard(ObjectIds.Server))
        writer.object(writer.node(_DICTIONARIES), server, BrowseName(Namespace.UA, "Dictionaries"), _DICTIONARY_FOLDER)
        writer.flush()


def add_dictionary(writer: NodeWriter) -> None:
    """Add the dictionary entries to which the types of PA-DIM refer; those that are there already are left alone."""
    for irdi, name in IRDI_ENTRIES.items():
        ref = NodeRef(IRDI, irdi)
        if not writer.has(ref):
            parent = writer.node(_DICTIONARIES)
            writer.object(writer.node(ref), parent, BrowseName(IRDI, irdi), _IRDI_ENTRY, display=name)
    writer.flush()


def add_metadata(writer: NodeWriter, namespace: Namespace) -> None:
    """Add what a server says of a namespace (OPC 10000-5 section 6.3.13): that it has the part of it in use."""
    edition = EDITIONS[namespace]
    top, *properties = (NodeRef(namespace, identifier) for identifier in edition.metadata)
    if writer.has(top):
        return
    name = BrowseName(namespace, namespace.value)
    writer.object(writer.node(top), writer.node(_NAMESPACES), name, _NAMESPACE_METADATA)
    values = (
        (STRING, ua.Variant(namespace.value, ua.VariantType.String)),
        (STRING, ua.Variant(edition.version, ua.VariantType.String)),
        (DATE_TIME, ua.Variant(edition.published, ua.VariantType.DateTime)),
        (BOOLEAN, ua.Variant(namespace is not GAS, ua.VariantType.Boolean)),
        (_ID_TYPE, ua.Variant([_NUMERIC], ua.VariantType.Int32, is_array=True)),
        (_NUMERIC_RANGE, ua.Variant(["1:2147483647"], ua.VariantType.String, is_array=True)),
        (STRING, ua.Variant(None, ua.VariantType.String)),
    )
    for ref, text, (data_type, value) in zip(properties, METADATA, values, strict=True):
        writer.prop(writer.node(ref), writer.node(top), BrowseName(Namespace.UA, text), data_type, value)
    writer.flush()
