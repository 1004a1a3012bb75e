"""The queue of one monitored item whose values are looked at one by one: deadband, text, other attributes."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable

from asyncua import ua

from gateway.adapters.opcua.notifications.encoded_value import OVERFLOW, EncodedValue, timestamp_mask
from gateway.adapters.opcua.notifications.item import Item
from gateway.adapters.opcua.notifications.pieces import Piece
from gateway.adapters.opcua.notifications.sampling import Sampling

_HANDLE = struct.Struct("<I")


class ValueQueue:
    """Watches one view of a point, or one attribute of a node.

    Args:
        item: The item; its mode is Sampling or Reporting.
        wake: Called when there is something to publish.
        release: Called when the item goes.
        poll: Reads a value that nobody announces, such as a counter; None where every value is announced.
        part: Makes the part of a value that the item asks for; None for the whole.
    """

    def __init__(
        self,
        item: Item,
        wake: Callable[[ValueQueue], None],
        release: Callable[[], None],
        *,
        poll: Callable[[], EncodedValue] | None = None,
        part: Callable[[EncodedValue], EncodedValue] | None = None,
    ) -> None:
        self._item = item
        self._sampling = Sampling(item.sampling_interval)
        self._wake = wake
        self._release = release
        self._poll = poll
        self._part = part
        self._reported: EncodedValue | None = None
        self._held: EncodedValue | None = None
        self._waiting: deque[tuple[EncodedValue, int]] = deque()
        self._due = 0
        self.on_report: Callable[[], None] | None = None
        """Called when a value enters the queue: what the item triggers."""
        self.dropped: Callable[[int], None] = lambda _count: None
        """Called with the number of values that the full queue has dropped."""

    def begin(self, value: EncodedValue, *, report: bool) -> None:
        """The value that is there when the item is made, or moved here; `report` makes it due."""
        self._sampling.is_due()
        if report:
            self._enqueue(self._cut(value))
        else:
            self._reported = self._cut(value)
        if self._poll is not None:
            self._wake(self)

    def _cut(self, value: EncodedValue) -> EncodedValue:
        return value if self._part is None else self._part(value)

    def take(self, value: EncodedValue) -> None:
        """See `ValueWatcher`."""
        if not self._sampling.is_due():
            self._held = value
            self._wake(self)
            return
        self._sample(value)

    def _sample(self, value: EncodedValue) -> None:
        self._held = None
        value = self._cut(value)
        if self._reported is None or self._item.rule.is_due(self._reported, value):
            self._enqueue(value)

    def _enqueue(self, value: EncodedValue) -> None:
        self._reported = value
        waiting, item = self._waiting, self._item
        flags = OVERFLOW if item.queue_size > 1 and len(waiting) >= item.queue_size else 0
        if flags:
            self.dropped(1)
        if flags and item.discard_oldest:
            waiting.popleft()
            waiting[0] = (waiting[0][0], flags)
            waiting.append((value, 0))
        else:
            if len(waiting) >= item.queue_size:
                waiting.pop()
            waiting.append((value, flags))
        if item.mode == ua.MonitoringMode.Reporting:
            self._due = len(waiting)
            self._wake(self)
        if self.on_report is not None:
            self.on_report()

    def resend(self) -> None:
        """Make the present value due again."""
        if self._held is not None:
            self._reported, self._held = self._cut(self._held), None
        if self._reported is not None:
            self._enqueue(self._reported)

    def is_due(self, item: Item) -> bool:  # noqa: ARG002  it has only one
        """Whether something waits to be published."""
        return self._due > 0

    def report_once(self) -> None:
        """Another item has triggered this one: what waits in a sampling item is due."""
        if self._waiting and self._item.mode == ua.MonitoringMode.Sampling:
            self._due = len(self._waiting)
            self._wake(self)

    def set_mode(self, mode: ua.MonitoringMode) -> None:
        """Change between Sampling and Reporting; what waits stays."""
        self._item.mode = mode
        self._due = len(self._waiting) if mode == ua.MonitoringMode.Reporting else 0
        if self._due:
            self._wake(self)

    def adjust(self) -> None:
        """Queue size or sampling interval of the item have changed (OPC 10000-4 section 5.13.3)."""
        self._sampling = Sampling(self._item.sampling_interval, self._sampling.due_at)
        while len(self._waiting) > self._item.queue_size:
            if self._item.discard_oldest:
                self._waiting.popleft()
            else:
                self._waiting.pop()
        self._due = min(self._due, len(self._waiting))

    def remove(self, item: Item) -> None:  # noqa: ARG002  it has only one
        """See `Queue`."""
        self._waiting.clear()
        self._due = 0
        self._held = self._poll = None
        self._release()

    def rename(self, item: Item) -> None:
        """See `Queue`. The handle is looked up when a notification is encoded."""

    def hurry(self) -> None:
        """See `DataQueue`."""
        self._sampling.due_at = 0.0

    def drain(self) -> list[Piece]:
        """Everything that is due, encoded."""
        if self._poll is not None and self._sampling.is_due():
            self._sample(self._poll())
        if self._held is not None and self._sampling.is_due():
            self._sample(self._held)
        times, handle = timestamp_mask(self._item.timestamps), _HANDLE.pack(self._item.client_handle)
        pieces = []
        for _one in range(min(self._due, len(self._waiting))):
            value, flags = self._waiting.popleft()
            pieces.append(Piece(value.encoded(times, flags), 1, handle=handle))
        self._due = 0
        if self._held is not None or self._poll is not None:
            self._wake(self)
        return pieces
