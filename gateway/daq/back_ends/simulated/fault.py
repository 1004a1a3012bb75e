"""Faults that a simulated device shows when asked."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong with one block."""

    OVERRUN = "overrun"
    """The block is lost, and the device says so."""

    BUFFER_REUSED = "buffer reused"
    """The block is overwritten unread, and the device says so."""

    SHORT_BLOCK = "short block"
    """The block holds only `samples`; the next one follows on without a gap."""

    EMPTY_BLOCK = "empty block"
    """A buffer comes back without samples; nothing is lost."""

    EVENT_ERROR = "event error"
    TRIGGER_ERROR = "trigger error"
    UNDERRUN = "underrun"

    STALL = "stall"
    """The scan clock stands still for `seconds`."""

    REMOVAL = "removal"
    """The device is gone, and says so; it stays away until it is plugged in again."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: What goes wrong.
        samples: Length of a SHORT_BLOCK.
        seconds: Length of a STALL; None for good.
        counted: Whether the device knows how many samples were lost.
    """

    kind: FaultKind
    samples: int = 0
    seconds: float | None = None
    counted: bool = True


class FaultPlan:
    """Faults by block number, and those ordered while the device runs.

    Args:
        planned: Block number since the start to fault.
    """

    def __init__(self, planned: Mapping[int, Fault]) -> None:
        self._planned = dict(planned)
        self._ordered: deque[Fault] = deque()
        self._lock = threading.Lock()

    def order(self, fault: Fault) -> None:
        """Show a fault with the next block; from any thread."""
        with self._lock:
            self._ordered.append(fault)

    def take(self, block: int) -> Fault | None:
        """The fault of a block, once."""
        with self._lock:
            if self._ordered:
                return self._ordered.popleft()
        return self._planned.get(block)
