"""Monitored items of one subscription on one group, notified as packed rows, tick by tick.

They have the same form, queue, sampling interval and trigger, and no deadband. What is due is encoded when it is
published, so that a value which a newer one replaces in its queue costs nothing.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from asyncua import ua
from asyncua.ua.uaprotocol_auto import DataChangeTrigger as Trigger
from numpy.typing import NDArray

from gateway.adapters.opcua.engine.service_messages import SERVER, SOURCE
from gateway.adapters.opcua.notifications.encoded_value import OVERFLOW, EncodedValue
from gateway.adapters.opcua.notifications.group_values import GroupValues
from gateway.adapters.opcua.notifications.item import Item
from gateway.adapters.opcua.notifications.pieces import Piece
from gateway.adapters.opcua.notifications.row_form import RowForm
from gateway.adapters.opcua.notifications.sampling import Sampling
from gateway.adapters.opcua.notifications.tick import NULL, Tick

_HANDLE = struct.Struct("<I")
_STATUS = np.uint64(NULL - 1)
_MOST_TICKS = 1000
"""Kept for items that change by turns; it bounds the memory of a client that fetches nothing."""

Rows = NDArray[np.bool_]


class PackedItems:
    """Rows for items that are alike.

    Args:
        group: What they watch.
        form: Form of their rows.
        queue_size: Of each.
        sampling: How often a tick is looked at.
        trigger: What counts as a change.
        wake: Called when there is something to publish.
    """

    def __init__(
        self,
        group: GroupValues,
        form: RowForm,
        queue_size: int,
        sampling: Sampling,
        trigger: Trigger,
        wake: Callable[[PackedItems], None],
    ) -> None:
        self._group = group
        self._form = form
        self._queue_size = queue_size
        self._sampling = sampling
        self._trigger = trigger
        self._wake = wake
        self._items: list[Item] = []
        self._places: NDArray[np.intp] = np.zeros(0, np.intp)
        self._rows: NDArray[Any] = form.empty(0)
        self._pending: deque[tuple[Tick, Rows]] = deque()
        self._waiting: NDArray[np.intp] = np.zeros(0, np.intp)
        """Length of each row's queue."""
        self._overflowed: Rows = np.zeros(0, np.bool_)
        self._has_overflowed = False
        self.dropped: Callable[[int], None] = lambda _count: None
        """Called with the number of values that full queues have dropped."""
        self._seen: Tick | None = None
        self._held: Tick | None = None
        self._coming: dict[Item, bool] = {}
        self._arrival = group.tick()
        """What those who are coming have found."""
        self._going: set[Item] = set()

    def __len__(self) -> int:
        return len(self._items) + len(self._coming) - len(self._going)

    def add(self, item: Item, *, report: bool) -> None:
        """Take an item in; `report` makes its present value due."""
        if not len(self):
            self._group.watch_ticks(self)
        tick = self._group.tick()
        if self._coming and self._arrival is not tick:
            self._settle()
        self._arrival = tick
        self._coming[item] = report
        self._wake(self)

    def is_due(self, item: Item) -> bool:
        """Whether something waits to be published of an item."""
        if item in self._coming:
            return self._coming[item]
        row = self._items.index(item)
        return any(due[row] for _tick, due in self._pending)

    def remove(self, item: Item) -> None:
        """Let an item go, with what is due of it."""
        if item in self._coming:
            del self._coming[item]
        else:
            self._going.add(item)
        if not len(self):
            self._group.forget_ticks(self)

    def rename(self, item: Item) -> None:
        """The client handle of an item has changed."""
        self._settle()
        self._rows["handle"][self._items.index(item)] = item.client_handle

    def resend(self) -> None:
        """Make the present value of every item due."""
        self._settle()
        self._enqueue(self._group.tick(), np.ones(len(self._items), np.bool_))

    def take(self, tick: Tick) -> None:
        """See `TickWatcher`."""
        if not self._sampling.is_due():
            self._held = tick
            self._wake(self)
            return
        self._sample(tick)

    def _sample(self, tick: Tick) -> None:
        self._held = None
        if self._coming or self._going:
            self._settle()
        earlier, self._seen = self._seen, tick
        if earlier is None or earlier is tick:
            return
        due = self._differences(tick, earlier)[self._places]
        if np.count_nonzero(due):  # three times as fast as `any`
            self._enqueue(tick, due)

    def _differences(self, tick: Tick, earlier: Tick) -> Rows:
        if self._trigger == Trigger.StatusValue:
            return tick.differs(earlier)
        if self._trigger == Trigger.Status:
            changed: Rows = np.not_equal(tick.codes & _STATUS, earlier.codes & _STATUS)
        else:
            changed = np.logical_or(tick.differs(earlier), tick.source != earlier.source)
        return changed

    def _enqueue(self, tick: Tick, due: Rows) -> None:
        pending = self._pending
        if self._queue_size == 1 and self._trigger != Trigger.Status:
            if pending:  # where the newer tick is not due, it says the same
                due = due | pending.pop()[1]
            pending.append((tick, due))
        else:
            pending.append((tick, due))
            self._waiting += due
            if len(pending) > self._queue_size:
                self._discard_oldest()
        self._wake(self)

    def _discard_oldest(self) -> None:
        """Bring every queue back to its size (OPC 10000-4 section 5.13.1.5)."""
        pending = self._pending
        full = self._waiting > self._queue_size
        self._note_dropped(full)
        self._waiting -= full
        for index, (tick, due) in enumerate(pending):
            if not full.any():
                break
            pending[index] = (tick, due & ~full)
            full &= ~due
        if not pending[0][1].any():
            pending.popleft()
        if len(pending) > _MOST_TICKS:
            self._join_oldest()

    def _join_oldest(self) -> None:
        """Let the second tick speak for the oldest: where only the oldest is due, the value has stayed the same."""
        _tick, older = self._pending.popleft()
        tick, newer = self._pending.popleft()
        lost = older & newer
        self._note_dropped(lost)
        self._waiting -= lost
        self._pending.appendleft((tick, older | newer))

    def _note_dropped(self, rows: Rows) -> None:
        count = int(np.count_nonzero(rows))
        if count:
            self._overflowed |= rows
            self._has_overflowed = True
            if self._queue_size > 1:
                self.dropped(count)

    def _settle(self) -> None:
        """Make rows of the items as they are now."""
        if self._going:
            keep = [row for row, item in enumerate(self._items) if item not in self._going]
            self._items = [self._items[row] for row in keep]
            self._places, self._rows = self._places[keep], self._rows[keep]
            self._overflowed, self._waiting = self._overflowed[keep], self._waiting[keep]
            self._pending = deque((tick, due[keep]) for tick, due in self._pending)
            self._going.clear()
        if self._coming:
            coming, report = list(self._coming), list(self._coming.values())
            self._coming.clear()
            rows = self._form.empty(len(coming))
            rows["handle"] = [item.client_handle for item in coming]
            rows["type"] = [item.variant_type.value for item in coming]
            none = np.zeros(len(coming), np.bool_)
            present = len(self._items)
            self._items += coming
            self._places = np.concatenate((self._places, [item.place for item in coming])).astype(np.intp)
            self._rows = np.concatenate((self._rows, rows))
            self._overflowed = np.concatenate((self._overflowed, none))
            self._waiting = np.concatenate((self._waiting, none)).astype(np.intp)
            self._pending = deque((tick, np.concatenate((due, none))) for tick, due in self._pending)
            due = np.zeros(len(self._items), np.bool_)
            due[present:] = report
            if self._seen is None:
                self._seen = self._arrival
            self._enqueue(self._arrival, due)

    def hurry(self) -> None:
        """See `DataQueue`."""
        self._sampling.due_at = 0.0

    def drain(self) -> list[Piece]:
        """Everything that is due, encoded; nothing is due then."""
        self._settle()
        if self._held is not None and self._sampling.is_due():
            self._sample(self._held)
        pieces: list[Piece] = []
        while self._pending:
            tick, due = self._pending.popleft()
            self._encode(tick, due, pieces)
        self._waiting[:] = 0
        if self._has_overflowed:
            self._overflowed[:] = False
            self._has_overflowed = False
        if self._held is not None:
            self._wake(self)
        return pieces

    def _encode(self, tick: Tick, due: Rows, pieces: list[Piece]) -> None:
        places = self._places
        rows = self._rows
        rows["value"] = self._form.values(tick.bits)[places]
        if self._form.times & SOURCE:
            rows["source"] = tick.source[places]
        if self._form.times & SERVER:
            rows["server"] = tick.server[places]
        if tick.is_plain and not self._has_overflowed:
            self._encode_plain(due, pieces)
            return
        codes = tick.codes[places]
        odd = ((codes != 0) | self._overflowed) & due
        self._encode_plain(due & ~odd, pieces)
        pieces.extend(self._encode_odd(tick, int(row), int(codes[row])) for row in np.flatnonzero(odd))

    def _encode_plain(self, chosen: Rows, pieces: list[Piece]) -> None:
        rows = self._rows
        count = int(np.count_nonzero(chosen))
        if count:
            data = rows.tobytes() if count == len(rows) else rows[chosen].tobytes()
            pieces.append(Piece(data, count, rows.dtype.itemsize))

    def _encode_odd(self, tick: Tick, row: int, code: int) -> Piece:
        item, place = self._items[row], self._places[row]
        flags = OVERFLOW if self._overflowed[row] and self._queue_size > 1 else 0
        self._overflowed[row] = False
        value = None if code & NULL else self._rows["value"][row : row + 1]
        if value is not None and item.variant_type == ua.VariantType.Double:
            value = value.view(np.float64)
        elif value is not None and item.variant_type == ua.VariantType.Int64:
            value = value.view(np.int64)
        encoded = EncodedValue.of_point(
            None if value is None else value[0].item(),
            item.variant_type,
            code & (NULL - 1),
            int(tick.source[place]),
            int(tick.server[place]),
        )
        return Piece(_HANDLE.pack(item.client_handle) + encoded.encoded(self._form.times, flags), 1)
