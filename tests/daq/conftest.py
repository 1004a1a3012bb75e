"""Every test of this folder runs on asyncio and on trio."""

from __future__ import annotations

import pytest

from gateway.testing.virtual_clock import VirtualClock
from tests.daq.manual_clock import ManualClock


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start_ns=1_000_000_000)


@pytest.fixture
def manual() -> ManualClock:
    return ManualClock()
