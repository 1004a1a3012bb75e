"""One monitored item (OPC 10000-4 section 5.13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from asyncua import ua

from gateway.adapters.opcua.notifications.report_rule import ReportRule


class Queue(Protocol):
    """Where notifications of an item wait."""

    def remove(self, item: Item) -> None:
        """Let the item go, with what is due of it."""
        ...

    def rename(self, item: Item) -> None:
        """The client handle of an item has changed."""
        ...


@dataclass(slots=True, eq=False)
class Item:
    """What a client asked for, as revised.

    Attributes:
        item_id: MonitoredItemId.
        client_handle: What the client calls it.
        target: Node and attribute.
        timestamps: Which time stamps the client wants.
        mode: Disabled, Sampling or Reporting.
        rule: What counts as a change.
        sampling_interval: Milliseconds.
        queue_size: Notifications kept.
        discard_oldest: Which one goes when the queue is full.
        queue: Where its notifications wait; None while it is disabled.
        place: Index of its point within the group, for packed items.
        variant_type: Type of its value, for packed items.
        links: Items that it triggers, by MonitoredItemId.
    """

    item_id: int
    client_handle: int
    target: ua.ReadValueId
    timestamps: ua.TimestampsToReturn
    mode: ua.MonitoringMode
    rule: ReportRule
    sampling_interval: float
    queue_size: int
    discard_oldest: bool
    queue: Queue | None = None
    place: int = -1
    variant_type: ua.VariantType = ua.VariantType.Null
    links: set[int] = field(default_factory=set)
