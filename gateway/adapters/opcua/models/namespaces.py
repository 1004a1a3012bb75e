"""Namespaces of the companion models, and nodes named by them before any server has given them an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from asyncua import ua


class Namespace(Enum):
    """A namespace by its URI. That of the site depends on the site's name, so it is empty here."""

    UA = "http://opcfoundation.org/UA/"
    DI = "http://opcfoundation.org/UA/DI/"
    IRDI = "http://opcfoundation.org/UA/Dictionary/IRDI"
    PADIM = "http://opcfoundation.org/UA/PADIM/"
    ADI = "http://opcfoundation.org/UA/ADI/"
    GAS = "urn:analyser-gateway:types"
    SITE = ""


UA, DI, IRDI, PADIM, ADI, GAS, SITE = Namespace


@dataclass(frozen=True, slots=True)
class Edition:
    """Which edition of a companion model the tables follow.

    Attributes:
        version: `NamespaceVersion`.
        published: `NamespacePublicationDate`.
        metadata: Identifiers of the `NamespaceMetadataType` object and of its mandatory properties, in the order of
            `METADATA`.
    """

    version: str
    published: datetime
    metadata: tuple[int, ...]


METADATA = (
    "NamespaceUri",
    "NamespaceVersion",
    "NamespacePublicationDate",
    "IsNamespaceSubset",
    "StaticNodeIdTypes",
    "StaticNumericNodeIdRange",
    "StaticStringNodeIdPattern",
)
"""Mandatory properties of a `NamespaceMetadataType` (OPC 10000-5 section 6.3.14)."""

EDITIONS: Mapping[Namespace, Edition] = {
    DI: Edition("1.05.0", datetime(2025, 11, 15, tzinfo=UTC), (15001, 15002, 15003, 15004, 15005, 15006, 15007, 15008)),
    IRDI: Edition("1.02.0", datetime(2025, 11, 10, tzinfo=UTC), (1000, 1003, 1004, 1002, 1001, 1005, 1006, 1007)),
    PADIM: Edition("1.02.0", datetime(2025, 11, 10, tzinfo=UTC), (1000, 1003, 1004, 1002, 1001, 1005, 1006, 1007)),
    ADI: Edition("1.01", datetime(2013, 7, 31, tzinfo=UTC), (15001, 15002, 15003, 15004, 15005, 15006, 15007, 15008)),
    GAS: Edition("1.0.0", datetime(2026, 11, 21, tzinfo=UTC), (1, 2, 3, 4, 5, 6, 7, 8)),
}


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node of a namespace, whatever index the server gives it."""

    namespace: Namespace
    identifier: int | str

    def node_id(self, indices: Mapping[Namespace, int]) -> ua.NodeId:
        """The node in a server.

        Args:
            indices: Index of each namespace.
        """
        index = ua.Int16(indices[self.namespace])
        if isinstance(self.identifier, str):
            return ua.NodeId(ua.String(self.identifier), index)
        return ua.NodeId(ua.Int32(self.identifier), index)


def standard(identifier: int) -> NodeRef:
    """A node of OPC UA itself; the numbers are asyncua's `ObjectIds`."""
    return NodeRef(UA, identifier)
