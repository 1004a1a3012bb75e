"""In place of what caproto has between its parts: nothing here waits, and nothing grows."""

from __future__ import annotations

from typing import Any
from weakref import ReferenceType

from gateway.adapters.epics_ca.monitors import Outbox


class NoWrites:
    """In place of caproto's lock against reads during a write: there are no writes."""

    def is_set(self) -> bool:
        """Always."""
        return True

    async def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  caproto passes one
        """Never waits."""
        return True


class FilteredEvents:
    """In place of caproto's queue per client, which keeps a thousand messages and blocks all others when it is full.

    Args:
        outbox: Of the client.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def put(self, reference: ReferenceType[Any]) -> None:
        """Queue an event that caproto has made."""
        event = reference()
        if event is not None:
            self._outbox.put(event.subscriptionid, (bytes(event),))
