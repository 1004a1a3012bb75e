"""What happens when a consumer lags behind its bounded buffer."""

from __future__ import annotations

from enum import StrEnum


class OverflowPolicy(StrEnum):
    """What is done with a new item when the buffer is full."""

    BLOCK = "block"
    """The producer waits for the consumer. Nothing is lost; a recorder's slots become late instead."""

    DROP_NEWEST = "drop_newest"
    """The new item is dropped."""

    DROP_OLDEST = "drop_oldest"
    """The oldest unread item is dropped to make room: for displays, where the latest value matters most."""
