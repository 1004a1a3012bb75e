"""Rows of which the tables of types are made: one type, one member.

A row holds facts only, in the order in which the specifications print them; `type_nodes` makes nodes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.models.namespaces import IRDI, Namespace, NodeRef, standard

ORGANIZES = standard(ObjectIds.Organizes)
HAS_COMPONENT = standard(ObjectIds.HasComponent)
HAS_PROPERTY = standard(ObjectIds.HasProperty)
HAS_INTERFACE = standard(ObjectIds.HasInterface)
HAS_DICTIONARY_ENTRY = standard(ObjectIds.HasDictionaryEntry)
HAS_SUB_STATE_MACHINE = standard(ObjectIds.HasSubStateMachine)

PROPERTY_TYPE = standard(ObjectIds.PropertyType)
ARGUMENT = standard(ObjectIds.Argument)

SCALAR = int(ua.ValueRank.Scalar)
ONE_DIMENSION = int(ua.ValueRank.OneDimension)
ANY = int(ua.ValueRank.Any)


class Rule(IntEnum):
    """Modelling rules (OPC 10000-3 section 6.4.4) by the identifiers of their nodes."""

    MANDATORY = ObjectIds.ModellingRule_Mandatory
    OPTIONAL = ObjectIds.ModellingRule_Optional
    OPTIONAL_PLACEHOLDER = ObjectIds.ModellingRule_OptionalPlaceholder


M, O, OP = Rule  # noqa: E741  the letters of the specifications


@dataclass(frozen=True, slots=True)
class BrowseName:
    """A BrowseName whose namespace has no index yet."""

    namespace: Namespace
    text: str

    @classmethod
    def parse(cls, name: str, default: Namespace) -> BrowseName:
        """`DI:MethodSet` is one of DI; without a prefix it is one of the namespace of its type."""
        prefix, separator, text = name.partition(":")
        return cls(Namespace[prefix], text) if separator else cls(default, name)


@dataclass(frozen=True, slots=True)
class Link:
    """A reference beside the one that leads to the owner: what it is and where it leads."""

    reference: NodeRef
    target: NodeRef


@dataclass(frozen=True, slots=True)
class Member:
    """One node below a type, or below another member.

    Attributes:
        node: Its NodeId.
        name: BrowseName.
        node_class: Object, Variable or Method.
        reference: How its owner refers to it.
        rule: Modelling rule; None for what belongs to the type alone, such as states of a state machine.
        definition: TypeDefinition; None for a method.
        data_type: DataType of a variable.
        value_rank: ValueRank of a variable.
        value: Value of a variable that is the same everywhere; None for the others.
        links: Other references.
        members: Nodes below it.
    """

    node: NodeRef
    name: BrowseName
    node_class: ua.NodeClass
    reference: NodeRef
    rule: Rule | None = None
    definition: NodeRef | None = None
    data_type: NodeRef | None = None
    value_rank: int = SCALAR
    value: ua.Variant | None = None
    links: tuple[Link, ...] = ()
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One type.

    Attributes:
        node: Its NodeId.
        name: BrowseName.
        node_class: ObjectType, VariableType or DataType.
        supertype: What it is a subtype of.
        abstract: Whether it has no instances of its own.
        data_type: DataType of a variable type.
        value_rank: ValueRank of a variable type.
        links: Other references.
        members: Nodes below it.
        fields: Names and numbers of an enumeration.
    """

    node: NodeRef
    name: BrowseName
    node_class: ua.NodeClass
    supertype: NodeRef
    abstract: bool = False
    data_type: NodeRef | None = None
    value_rank: int = SCALAR
    links: tuple[Link, ...] = ()
    members: tuple[Member, ...] = ()
    fields: tuple[tuple[str, int], ...] = ()


def dictionary(*irdis: str) -> tuple[Link, ...]:
    """References to dictionary entries by their IRDI (OPC 10000-19)."""
    return tuple(Link(HAS_DICTIONARY_ENTRY, NodeRef(IRDI, irdi)) for irdi in irdis)


def interfaces(*nodes: NodeRef) -> tuple[Link, ...]:
    """References to the interfaces that a type has."""
    return tuple(Link(HAS_INTERFACE, node) for node in nodes)


class Rows:
    """Makes rows of one namespace.

    Args:
        namespace: Where the NodeIds are, and the BrowseNames that say nothing else.
    """

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace

    def ref(self, identifier: int | str) -> NodeRef:
        """A node of this namespace."""
        return NodeRef(self._namespace, identifier)

    def _name(self, name: str) -> BrowseName:
        return BrowseName.parse(name, self._namespace)

    def prop(
        self,
        identifier: int,
        name: str,
        data_type: NodeRef,
        rule: Rule | None = M,
        *,
        rank: int = SCALAR,
        value: ua.Variant | None = None,
        links: tuple[Link, ...] = (),
    ) -> Member:
        """A property."""
        return Member(
            self.ref(identifier),
            self._name(name),
            ua.NodeClass.Variable,
            HAS_PROPERTY,
            rule,
            PROPERTY_TYPE,
            data_type,
            rank,
            value,
            links,
        )

    def variable(
        self,
        identifier: int,
        name: str,
        definition: NodeRef,
        data_type: NodeRef,
        rule: Rule,
        *members: Member,
        rank: int = SCALAR,
        links: tuple[Link, ...] = (),
    ) -> Member:
        """A data variable."""
        return Member(
            self.ref(identifier),
            self._name(name),
            ua.NodeClass.Variable,
            HAS_COMPONENT,
            rule,
            definition,
            data_type,
            rank,
            None,
            links,
            members,
        )

    def object(
        self,
        identifier: int,
        name: str,
        definition: NodeRef,
        rule: Rule | None,
        *members: Member,
        links: tuple[Link, ...] = (),
    ) -> Member:
        """An object."""
        return Member(
            self.ref(identifier),
            self._name(name),
            ua.NodeClass.Object,
            HAS_COMPONENT,
            rule,
            definition,
            links=links,
            members=members,
        )

    def method(self, identifier: int, name: str, *members: Member, rule: Rule = M) -> Member:
        """A method; its members are its arguments."""
        return Member(self.ref(identifier), self._name(name), ua.NodeClass.Method, HAS_COMPONENT, rule, members=members)

    def arguments(self, identifier: int, name: str, *arguments: tuple[str, int]) -> Member:
        """Arguments of a method: name, and DataType by its identifier in OPC UA itself."""
        values = [
            ua.Argument(Name=argument, DataType=ua.NodeId(ua.Int32(data_type)), ValueRank=ua.Int32(SCALAR))
            for argument, data_type in arguments
        ]
        value = ua.Variant(values, ua.VariantType.ExtensionObject, is_array=True)
        return self.prop(identifier, f"UA:{name}", ARGUMENT, M, rank=ONE_DIMENSION, value=value)

    def object_type(
        self,
        identifier: int,
        name: str,
        supertype: NodeRef,
        *members: Member,
        abstract: bool = False,
        links: tuple[Link, ...] = (),
    ) -> TypeRow:
        """An object type or an interface type."""
        return TypeRow(
            self.ref(identifier),
            self._name(name),
            ua.NodeClass.ObjectType,
            supertype,
            abstract,
            links=links,
            members=members,
        )

    def variable_type(
        self,
        identifier: int,
        name: str,
        supertype: NodeRef,
        data_type: NodeRef,
        *members: Member,
        rank: int = SCALAR,
        links: tuple[Link, ...] = (),
    ) -> TypeRow:
        """A variable type."""
        return TypeRow(
            self.ref(identifier),
            self._name(name),
            ua.NodeClass.VariableType,
            supertype,
            data_type=data_type,
            value_rank=rank,
            links=links,
            members=members,
        )

    def enumeration(
        self, identifier: int, name: str, texts: int, fields: Sequence[str], *, rule: Rule | None = None
    ) -> TypeRow:
        """An enumeration that counts from 0; `texts` is the identifier of its EnumStrings."""
        value = ua.Variant([ua.LocalizedText(text) for text in fields], ua.VariantType.LocalizedText, is_array=True)
        member = self.prop(
            texts, "UA:EnumStrings", standard(ObjectIds.LocalizedText), rule, rank=ONE_DIMENSION, value=value
        )
        return self._data_type(identifier, name, member, tuple((text, number) for number, text in enumerate(fields)))

    def sparse_enumeration(self, identifier: int, name: str, values: int, fields: Sequence[tuple[str, int]]) -> TypeRow:
        """An enumeration with gaps; `values` is the identifier of its EnumValues."""
        value = ua.Variant(
            [ua.EnumValueType(Value=ua.Int64(number), DisplayName=ua.LocalizedText(text)) for text, number in fields],
            ua.VariantType.ExtensionObject,
            is_array=True,
        )
        member = self.prop(
            values, "UA:EnumValues", standard(ObjectIds.EnumValueType), M, rank=ONE_DIMENSION, value=value
        )
        return self._data_type(identifier, name, member, tuple(fields))

    def _data_type(self, identifier: int, name: str, member: Member, fields: tuple[tuple[str, int], ...]) -> TypeRow:
        return TypeRow(
            self.ref(identifier),
            self._name(name),
            ua.NodeClass.DataType,
            standard(ObjectIds.Enumeration),
            members=(member,),
            fields=fields,
        )
