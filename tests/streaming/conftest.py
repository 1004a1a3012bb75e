"""Every test of this folder runs on asyncio and on trio, against a virtual clock unless it says otherwise."""

from __future__ import annotations

import pytest

from gateway.testing.virtual_clock import VirtualClock


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()
