"""The regression of block times against clocks whose truth is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.daq.block_times import BlockTimes

rates = st.sampled_from([1.0, 100.0, 8_000.0, 48_000.0, 1e6])
ppms = st.floats(-200, 200)


def run(
    times: BlockTimes, true_period_ns: float, block: int, blocks: int, jitter_ns: float = 0, seed: int = 0, at: int = 0
) -> None:
    lateness = random.Random(seed)
    for number in range(1, blocks + 1):
        times.observe(number * block, at + round(number * block * true_period_ns + lateness.uniform(0, jitter_ns)))


@settings(deadline=None)
@given(rates, ppms, st.integers(0, 2**62))
def test_an_exact_clock_is_found_exactly(rate_hz: float, ppm: float, start_ns: int) -> None:
    period_ns = 1e9 / rate_hz / (1 + ppm * 1e-6)
    times = BlockTimes(rate_hz)
    block = max(1, round(rate_hz / 10))
    run(times, period_ns, block, 600, at=start_ns)
    assert times.rate_hz == pytest.approx(rate_hz * (1 + ppm * 1e-6), rel=1e-6)
    for sample in (0, 300 * block, 600 * block):
        assert times.time_of(sample) == pytest.approx(start_ns + sample * period_ns, abs=max(2e-5 * 1e9, 1) + 1)


@settings(deadline=None)
@given(rates, ppms, st.integers(0, 1000))
def test_jitter_of_messages_is_averaged(rate_hz: float, ppm: float, seed: int) -> None:
    """The rate comes out a hundred times better than one block's jitter, and times are within the jitter."""
    period_ns = 1e9 / rate_hz / (1 + ppm * 1e-6)
    block = max(1, round(rate_hz / 10))
    jitter_ns = 0.05 * block * period_ns
    times = BlockTimes(rate_hz)
    run(times, period_ns, block, 400, jitter_ns, seed)
    assert times.rate_hz == pytest.approx(rate_hz * (1 + ppm * 1e-6), rel=1e-4)
    assert -jitter_ns / 4 <= times.time_of(400 * block) - 400 * block * period_ns <= jitter_ns


def test_a_busy_machine_says_little_about_the_rate() -> None:
    """One message in a hundred comes up to 100 ms late, ten blocks' worth."""
    times, lateness = BlockTimes(100_000.0), random.Random(1)
    for number in range(1, 30_001):
        late_ns = lateness.uniform(0, 1e8) if lateness.random() < 0.01 else lateness.uniform(0, 1e5)
        times.observe(number * 1000, round(number * 1e7 / (1 + 30e-6) + late_ns))
    assert times.rate_hz == pytest.approx(100_000 * (1 + 30e-6), rel=2e-6)
    assert times.time_of(30_000_000) - 30_000 * 1e7 / (1 + 30e-6) == pytest.approx(0, abs=2e6)


def test_the_first_blocks_believe_the_nominal_rate() -> None:
    times = BlockTimes(48_000.0)
    times.observe(1024, 100_000_000)
    assert times.rate_hz == 48_000.0
    assert times.time_of(0) == 100_000_000 - round(1024 * 1e9 / 48_000)
    times.observe(2048, 100_000_000 + round(1024 * 1e9 / 48_000) + 5_000_000)  # 5 ms late
    assert times.rate_hz == pytest.approx(48_000.0, rel=1e-3)


def test_a_clock_that_drifts_is_followed() -> None:
    times = BlockTimes(1000.0)
    now, sample = 0.0, 0
    for number in range(50_000):
        ppm = 100 if number > 10_000 else 0
        now += 100 * 1e6 / (1 + ppm * 1e-6)
        sample += 100
        times.observe(sample, round(now))
    assert times.rate_hz == pytest.approx(1000.1, abs=0.002)
    assert times.time_of(sample) == pytest.approx(now, abs=1e5)


def test_after_an_unknown_gap_the_line_begins_anew_with_the_rate_learned() -> None:
    times = BlockTimes(1000.0)
    run(times, 1e6 / 1.0001, 100, 1000)
    learned = times.rate_hz
    times.interrupted()
    assert times.rate_hz == learned == pytest.approx(1000.1, rel=1e-6)
    times.observe(100_100, 777_000_000_000)
    assert times.time_of(100_100) == 777_000_000_000
    with pytest.raises(ValueError, match="no block"):
        BlockTimes(1.0).time_of(0)


def test_a_month_at_audio_rate_stays_exact_to_a_microsecond() -> None:
    times = BlockTimes(48_000.0)
    start_ns, block, per_block_ns = 10**18, 48_000, 1_000_000_000
    for number in range(1, 30 * 86_400, 60):
        times.observe(number * block, start_ns + number * per_block_ns)
    assert times.time_of(number * block) == pytest.approx(start_ns + number * per_block_ns, abs=1000)
