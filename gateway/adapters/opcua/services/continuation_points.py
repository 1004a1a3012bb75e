"""Where unfinished browses of one session go on (ContinuationPoint, OPC 10000-4 section 7.9)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from asyncua import ua

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Browse:
    """What is left to do for one node.

    Attributes:
        node_id: Whose references.
        forward: True or False for one direction, None for both.
        types: Reference types; None for all.
        classes: Bits of node classes; 0 for all.
        fields: ResultMask.
        page: References in one answer.
        begin: First reference to look at.
    """

    node_id: ua.NodeId
    forward: bool | None
    types: frozenset[ua.NodeId] | None
    classes: int
    fields: int
    page: int
    begin: int = 0

    def wants(self, reference: ua.ReferenceDescription) -> bool:
        """Whether this reference is to be returned."""
        return (
            (self.forward is None or reference.IsForward == self.forward)
            and (self.types is None or reference.ReferenceTypeId in self.types)
            and (not self.classes or bool(self.classes & reference.NodeClass))
        )


class ContinuationPoints:
    """A few at once. Points of earlier requests make room for those of a new one.

    Args:
        most: Points at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._points: dict[bytes, Browse] = {}
        self._fresh = 0

    def __len__(self) -> int:
        return len(self._points)

    def begin_request(self) -> None:
        """All points that exist are now those of earlier requests."""
        self._fresh = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether this request has used all there are."""
        return self._fresh >= self._most

    def add(self, rest: Browse) -> bytes:
        """Keep what is left to do; returns the point's name, which cannot be guessed. Not when exhausted."""
        while len(self._points) >= self._most:
            del self._points[next(iter(self._points))]  # the oldest, which an earlier request has left
        name = secrets.token_bytes(_ID_BYTES)
        self._points[name] = rest
        self._fresh += 1
        return name

    def take(self, name: bytes) -> Browse | None:
        """What is left to do, for the last time; None if there is no such point."""
        return self._points.pop(name, None)
