"""Wires that can be broken, and what is on them."""

from __future__ import annotations

import pytest

from gateway.streaming.clock import SystemClock


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()
