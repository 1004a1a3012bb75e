"""Instances of the types in the tables: mandatory members, and optional ones for which there is something to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from asyncua import ua

from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.models.namespaces import NodeRef
from gateway.adapters.opcua.models.node_table import (
    ANY,
    HAS_COMPONENT,
    HAS_DICTIONARY_ENTRY,
    ORGANIZES,
    SCALAR,
    BrowseName,
    Member,
    Rule,
    TypeRow,
)
from gateway.adapters.opcua.models.node_writer import NULL, NodeWriter
from gateway.adapters.opcua.models.standard_types import INT32, LOCALIZED_TEXT, STRING
from gateway.adapters.opcua.notifications.point_views import DerivedView, PointView
from gateway.model.status_codes import STATUS_CODES

View = PointView | DerivedView
_UNCERTAIN, _NOT_SUPPORTED = STATUS_CODES["Uncertain"], STATUS_CODES["BadNotSupported"]


@dataclass(frozen=True, slots=True)
class Content:
    """What one member of an instance holds.

    Attributes:
        view: Points that it shows; None for a value that stays.
        value: The value that stays, None for none.
        status: Its StatusCode.
        definition: A subtype of the declared TypeDefinition, None for that itself.
        data_type: A subtype of the declared DataType, None for that itself.
    """

    view: View | None = None
    value: ua.Variant | None = None
    status: int = 0
    definition: NodeRef | None = None
    data_type: NodeRef | None = None


Contents = Mapping[str, Content]
"""Path of BrowseNames below an instance, `ParameterSet/IsEnabled`, to what is there."""

_UNKNOWN: Mapping[NodeRef, Content] = {
    STRING: Content(value=ua.Variant("", ua.VariantType.String), status=_UNCERTAIN),
    LOCALIZED_TEXT: Content(value=ua.Variant(ua.LocalizedText(""), ua.VariantType.LocalizedText), status=_UNCERTAIN),
    INT32: Content(value=ua.Variant(-1, ua.VariantType.Int32), status=_UNCERTAIN),
}
"""What a mandatory member holds that nobody knows (OPC 10000-100 section 4.7), and that it is not a fact."""
_NOT_THERE = Content(status=_NOT_SUPPORTED)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in an instance the walk is, and what it has found."""

    identifier: str
    path: str
    contents: Contents
    wanted: frozenset[str]
    made: dict[NodeRef, ua.NodeId]
    links: list[tuple[ua.NodeId, Member]]

    def below(self, path: str) -> _Place:
        """One level further down."""
        return _Place(self.identifier, f"{path}/", self.contents, self.wanted, self.made, self.links)


class Instances:
    """Makes instances in one server.

    Args:
        writer: Takes the nodes.
        bind: Takes what a node shows.
        types: Types that instances may have, and their supertypes.
    """

    def __init__(self, writer: NodeWriter, bind: Callable[[ua.NodeId, View], None], types: Iterable[TypeRow]) -> None:
        self._writer = writer
        self._bind = bind
        self._types = {row.node: row for row in types}
        self._members: dict[NodeRef, Mapping[BrowseName, Member]] = {}

    def create(
        self,
        identifier: str,
        parent: ua.NodeId,
        name: BrowseName,
        definition: NodeRef,
        contents: Contents,
        *,
        description: str = "",
    ) -> ua.NodeId:
        """Make one instance with everything below it.

        Args:
            identifier: String part of its NodeId; those below it continue it with their BrowseNames.
            parent: What it is a component of.
            name: BrowseName.
            definition: Its type.
            contents: What its members hold. Mandatory ones that are left out are there all the same, without a value.
            description: One line for people.
        """
        node_id = site_node(identifier)
        self._writer.object(node_id, parent, name, definition, description=description)
        wanted = {path.rsplit("/", depth)[0] for path in contents for depth in range(path.count("/") + 1)}
        made: dict[NodeRef, ua.NodeId] = {}
        links: list[tuple[ua.NodeId, Member]] = []
        members = self.members(definition)
        self._fill(node_id, members, _Place(identifier, "", contents, frozenset(wanted), made, links))
        for source, member in links:
            for link in member.links:
                if link.reference == HAS_DICTIONARY_ENTRY:
                    self._writer.link(source, link.reference, self._writer.node(link.target))
                elif link.reference == ORGANIZES and link.target in made:
                    self._writer.link(source, link.reference, made[link.target])
        return node_id

    def members(self, definition: NodeRef) -> Mapping[BrowseName, Member]:
        """What a type declares and inherits, by BrowseName; nothing for a type that is not in the tables."""
        known = self._members.get(definition)
        if known is None:
            row = self._types.get(definition)
            inherited = {} if row is None else self.members(row.supertype)
            own = () if row is None else row.members
            known = self._members[definition] = {**inherited, **{member.name: member for member in own}}
        return known

    def _below(self, member: Member) -> Mapping[BrowseName, Member]:
        """Members of a member: those of its type, as the type around it declares them anew."""
        known = self._members.get(member.node)
        if known is None:
            inherited = {} if member.definition is None else self.members(member.definition)
            known = self._members[member.node] = {**inherited, **{below.name: below for below in member.members}}
        return known

    def _fill(self, owner: ua.NodeId, members: Mapping[BrowseName, Member], place: _Place) -> None:
        for name, member in members.items():
            path = place.path + name.text
            if member.rule is Rule.MANDATORY or (member.rule is Rule.OPTIONAL and path in place.wanted):
                if member.node_class == ua.NodeClass.Method:
                    self._writer.link(owner, HAS_COMPONENT, self._writer.node(member.node))
                else:
                    self._add(owner, member, path, place)

    def _add(self, owner: ua.NodeId, member: Member, path: str, place: _Place) -> None:
        assert member.definition is not None  # noqa: S101  only methods have none
        node_id = place.made[member.node] = site_node(f"{place.identifier}/{path}")
        if member.data_type is None:
            self._writer.object(node_id, owner, member.name, member.definition, reference=member.reference)
        else:
            self._add_variable(node_id, owner, member, member.data_type, place.contents.get(path))
        if member.links:
            place.links.append((node_id, member))
        self._fill(node_id, self._below(member), place.below(path))

    def _add_variable(
        self, node_id: ua.NodeId, owner: ua.NodeId, member: Member, data_type: NodeRef, content: Content | None
    ) -> None:
        content = content or _UNKNOWN.get(data_type, _NOT_THERE)
        self._writer.variable(
            node_id,
            owner,
            member.name,
            content.definition or member.definition or member.node,
            content.data_type or data_type,
            content.value or NULL,
            reference=member.reference,
            rank=SCALAR if member.value_rank == ANY else member.value_rank,
            status=content.status,
        )
        if content.view is not None:
            self._bind(node_id, content.view)
