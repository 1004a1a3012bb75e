"""OPC UA's time: units of 100 ns since 1601-01-01 (OPC 10000-6 section 5.2.2.5)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

UNIX_EPOCH = 116_444_736_000_000_000
"""1970-01-01 in OPC UA's time."""

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def utc_now() -> int:
    """The present."""
    return time.time_ns() // 100 + UNIX_EPOCH


def utc_ticks(instant: datetime | None) -> int:
    """An instant; one without a time zone is UTC, None is 0."""
    if instant is None:
        return 0
    since = (instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10


def utc(ticks: int) -> datetime:
    """An instant as an aware datetime."""
    return _EPOCH + timedelta(microseconds=ticks // 10)
