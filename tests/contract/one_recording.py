"""The smallest thing that a library can offer: a recording of one value, again and again."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio


@dataclass
class Value:
    channel: str = "T"
    value: float = 21.5
    unit: str = "degC"
    t_mono_ns: int = field(default_factory=time.monotonic_ns)
    t_utc: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Summary:
    samples_emitted: int = 0


@dataclass
class Recording:
    stream: AsyncIterator[Value]
    summary: Summary
    rate_hz: float = 20.0


@asynccontextmanager
async def record() -> AsyncIterator[Recording]:
    summary = Summary()

    async def values() -> AsyncIterator[Value]:
        while True:
            summary.samples_emitted += 1
            yield Value()
            await anyio.sleep(0.05)

    yield Recording(values(), summary)
