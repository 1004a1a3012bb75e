"""The middle of the gateway: every Update goes to every adapter at once, and the last ones are remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from gateway.model.points import SiteSpec
from gateway.model.update import Update


class Subscriber(Protocol):
    """Whoever wants Updates."""

    def apply(self, update: Update) -> None:
        """Take one Update. Never suspends and never raises."""
        ...


class Hub:
    """Ordered fan-out without queue and without task switch."""

    def __init__(self, site: SiteSpec) -> None:
        self._last: list[Update | None] = [None] * len(site.groups)
        self._subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Add a subscriber; it gets what comes from now on."""
        self._subscribers = (*self._subscribers, subscriber)

    def publish(self, update: Update) -> None:
        """Give one Update to all subscribers, in the order in which they subscribed."""
        self._last[update.group] = update
        for subscriber in self._subscribers:
            subscriber.apply(update)

    def snapshot(self) -> Sequence[Update]:
        """The last Update of each group that has one, with every point marked as changed."""
        return [replace(update, changed=range(len(update.values))) for update in self._last if update is not None]
