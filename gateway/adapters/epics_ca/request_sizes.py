"""How large a request may be: an array that is written to a command may take as much as the command has room for."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from gateway.adapters.epics_ca.engine import ca

_HEADER = Struct(">HHHHI4x")
_PUTS = (ca.WriteRequest.ID, ca.WriteNotifyRequest.ID)


def most_bytes(begun: bytes, usual: int, room_for_put: Callable[[int], int]) -> int:
    """Bytes that are taken of a request which has not come whole.

    Args:
        begun: What has come of it.
        usual: For any request.
        room_for_put: Asked for the largest payload of a put to a channel, by the server's number of it; 0 for none.
    """
    if len(begun) < _HEADER.size:
        return usual
    command, _size, _type, _count, channel = _HEADER.unpack_from(begun)
    return max(usual, room_for_put(channel)) if command in _PUTS else usual
