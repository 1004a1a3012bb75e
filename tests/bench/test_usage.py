"""The CPU time of another process is the one it counts itself."""

from __future__ import annotations

import os
import time

from bench.usage import cpu_s, memory_mb

_CLOCK_TICK_S = 0.02


def test_cpu_and_memory_of_this_very_process() -> None:
    before = time.process_time()
    counted = cpu_s(os.getpid())
    assert before - _CLOCK_TICK_S <= counted <= time.process_time() + _CLOCK_TICK_S
    assert memory_mb(os.getpid()) > 10
