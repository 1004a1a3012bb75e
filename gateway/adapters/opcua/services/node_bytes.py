"""NodeIds in a request as bytes: the same node asked for again costs no decoding."""

from __future__ import annotations

import struct

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.address_space import AddressSpace, NodeData
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import nodeid_from_binary

from gateway.adapters.opcua.engine.service_messages import decoded

_LENGTH = struct.Struct("<i")
_SIZES = {0: 2, 1: 4, 2: 7, 4: 19}
"""Bytes of a NodeId by its encoding (OPC 10000-6 section 5.2.2.9)."""

_WITH_LENGTH = frozenset({3, 5})
_BEFORE_TEXT = 7


def node_id_end(data: bytes, at: int) -> int:
    """Where the NodeId that begins at `at` ends.

    Raises:
        ServiceError: BadDecodingError: the data ends before, or it is no NodeId of a plain form.
    """
    try:
        kind = data[at]
        if kind in _WITH_LENGTH:
            (length,) = _LENGTH.unpack_from(data, at + 3)
            size = _BEFORE_TEXT + max(0, length)
        else:
            size = _SIZES[kind]
    except (IndexError, KeyError, struct.error) as error:
        raise ServiceError(StatusCodes.BadDecodingError) from error
    end: int = at + size
    if end > len(data):
        raise ServiceError(StatusCodes.BadDecodingError)
    return end


def node_id(encoded: bytes) -> ua.NodeId:
    """Decode one NodeId.

    Raises:
        ServiceError: BadDecodingError.
    """
    return decoded(nodeid_from_binary, Buffer(encoded))


class KnownNodes:
    """Nodes by the bytes of their NodeIds, as far as somebody has asked for them.

    Nodes are never taken out of a server that runs, and each has few encodings, so this needs no bound of its own.

    Args:
        aspace: Where the nodes are.
    """

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = aspace
        self._nodes: dict[bytes, NodeData] = {}

    def get(self, encoded: bytes) -> NodeData | None:
        """The node; None where there is none.

        Raises:
            ServiceError: BadDecodingError.
        """
        node = self._nodes.get(encoded)
        if node is None:
            node = self._aspace.get(node_id(encoded))
            if node is not None:
                self._nodes[encoded] = node
        return node
