"""Sound from a client's action through JACK back to clients, in a whole gateway process: every sample arrives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.jack import jack
from bench.sample_numbers import MODULUS, SampleNumbers, numbered


async def test_every_sample_comes_through_a_gateway(program: Callable[[str], str]) -> None:
    program("jackd")
    pytest.importorskip("sounddevice", exc_type=OSError)
    assert await jack(0.03)


def test_a_lost_and_a_repeated_sample_are_seen() -> None:
    waves = np.concatenate((np.zeros(7), numbered(), numbered(50)))
    whole = SampleNumbers()
    for start in range(0, len(waves), 4800):
        whole.take(waves[start : start + 4800])
    assert (whole.jumps, whole.odd, whole.samples) == (0, 0, MODULUS + 50)
    for broken in (np.delete(waves, 10_000), np.insert(waves, 9600, waves[9600])):
        seen = SampleNumbers()
        for start in range(0, len(broken), 4800):
            seen.take(broken[start : start + 4800])
        assert (seen.jumps, seen.odd) == (1, 0)
