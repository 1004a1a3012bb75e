"""Reads the official NodeSet2 files of the npm package `node-opcua-nodesets`, without any code of the gateway."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NODE_SET = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
UA_URI = "http://opcfoundation.org/UA/"
FILES = {
    "http://opcfoundation.org/UA/DI/": "Opc.Ua.Di.NodeSet2.xml",
    "http://opcfoundation.org/UA/Dictionary/IRDI": "Opc.Ua.IRDI.NodeSet2.xml",
    "http://opcfoundation.org/UA/PADIM/": "Opc.Ua.PADIM.NodeSet2.xml",
    "http://opcfoundation.org/UA/ADI/": "Opc.Ua.Adi.NodeSet2.xml",
}

Id = tuple[str, int | str]
"""Namespace URI and identifier."""


@dataclass
class OfficialNode:
    id: Id
    node_class: str
    browse_name: tuple[str, str]
    display_name: str
    data_type: Id | None
    value_rank: int
    abstract: bool
    value: ET.Element | None
    references: list[tuple[Id, bool, Id]] = field(default_factory=list)

    def targets(self, reference: int) -> list[Id]:
        return [target for kind, forward, target in self.references if forward and kind == (UA_URI, reference)]

    @property
    def texts(self) -> list[str]:
        """Every text in the value."""
        return [] if self.value is None else [text for text in (each.strip() for each in self.value.itertext()) if text]


class OfficialNodes(dict[Id, OfficialNode]):
    """All nodes of the four models."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        for file in FILES.values():
            self.update((node.id, node) for node in _nodes(folder / file))

    def children(self, owner: Id) -> Iterator[tuple[Id, OfficialNode]]:
        """Reference type and node of everything that its owner has."""
        hierarchical = {(UA_URI, number) for number in (46, 47, 49, 17604)}
        yield from (
            (kind, self[target]) for kind, forward, target in self[owner].references if forward and kind in hierarchical
        )
        for node in self.values():
            if any(
                not forward and kind in hierarchical and target == owner for kind, forward, target in node.references
            ):
                kind = next(kind for kind, forward, target in node.references if not forward and target == owner)
                if not any(forward and target == node.id for _kind, forward, target in self[owner].references):
                    yield kind, node


def _nodes(file: Path) -> Iterator[OfficialNode]:
    root = ET.parse(file).getroot()
    uris = [UA_URI, *(each.text or "" for each in root.iterfind(f"{_NODE_SET}NamespaceUris/{_NODE_SET}Uri"))]
    aliases = {each.get("Alias"): each.text for each in root.iterfind(f"{_NODE_SET}Aliases/{_NODE_SET}Alias")}

    def node_id(text: str) -> Id:
        text = aliases.get(text) or text
        head, _, identifier = text.rpartition(";") if ";s=" not in text else text.partition(";")
        uri = uris[int(head.removeprefix("ns="))] if head else UA_URI
        number = identifier.removeprefix("i=")
        return uri, int(number) if number.isdecimal() else identifier.removeprefix("s=")

    for element in root:
        kind = element.tag.removeprefix(f"{_NODE_SET}UA")
        if element.get("NodeId") is None:
            continue
        index, separator, name = element.get("BrowseName", "").partition(":")
        named = (uris[int(index)], name) if separator and index.isdecimal() else (UA_URI, element.get("BrowseName", ""))
        data_type = element.get("DataType", "i=24")
        yield OfficialNode(
            node_id(element.get("NodeId", "")),
            kind,
            named,
            element.findtext(f"{_NODE_SET}DisplayName", ""),
            node_id(data_type) if kind.startswith("Variable") else None,
            int(element.get("ValueRank", "-1")),
            element.get("IsAbstract") == "true",
            element.find(f"{_NODE_SET}Value"),
            [
                (node_id(each.get("ReferenceType", "")), each.get("IsForward") != "false", node_id(each.text or ""))
                for each in element.iterfind(f"{_NODE_SET}References/{_NODE_SET}Reference")
            ],
        )
