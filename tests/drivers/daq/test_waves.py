"""Statistics of blocks, trends, and the samples of signals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gateway.drivers.daq.points import STATISTICS
from gateway.drivers.daq.settings import DaqChannel, DaqDevice, DaqSettings, SignalSpec
from gateway.drivers.daq.signals import Samples, Shape
from gateway.drivers.daq.statistics import Trend, block_statistics
from gateway.drivers.daq.wanted_playback import wanted_signal

BLOCKS = arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 50)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


@given(BLOCKS)
def test_statistics_are_those_of_the_textbook(data: np.ndarray) -> None:
    result = block_statistics(data)
    assert result.shape == (len(data), len(STATISTICS))
    for row, (mean, rms, low, high, reach, deviation) in zip(data, result.tolist(), strict=True):
        exact = row.tolist()
        centre = math.fsum(exact) / len(exact)
        scale = max(1.0, float(np.abs(row).max()))
        assert mean == pytest.approx(centre, abs=1e-9 * scale)
        assert rms == pytest.approx(math.sqrt(math.fsum(x * x for x in exact) / len(exact)), rel=1e-6, abs=1e-6)
        assert (low, high, reach) == (min(exact), max(exact), max(exact) - min(exact))
        spread = math.sqrt(math.fsum((x - centre) ** 2 for x in exact) / len(exact))
        assert deviation == pytest.approx(spread, rel=1e-6, abs=1e-6 * scale)


def test_a_large_mean_does_not_hide_a_small_spread() -> None:
    data = 1e8 + np.array([[-0.5, 0.5] * 500])
    assert block_statistics(data)[0, 5] == 0.5


def test_a_faulty_sample_spoils_its_channel_alone() -> None:
    result = block_statistics(np.array([[1.0, math.nan], [1.0, 3.0]]))
    assert np.isnan(result[0]).all()
    assert result[1].tolist() == pytest.approx([2.0, math.sqrt(5), 1.0, 3.0, 2.0, 1.0])


def test_a_trend_keeps_the_newest_means_and_passes_over_faults() -> None:
    trend = Trend(2, length=3, interval=10)
    grown = [trend.take(np.array([number, math.nan if number < 2 else 1.0]), 5) for number in range(10)]
    assert grown == [False, True] * 5
    assert trend.of(0).tolist() == [4.5, 6.5, 8.5]
    assert trend.of(1).tolist() == [1.0, 1.0, 1.0]
    empty = Trend(1, length=2, interval=1)
    assert empty.take(np.array([math.nan]), 7)
    assert np.isnan(empty.of(0)).all()


@given(
    shape=st.sampled_from(["constant", "sine", "triangle", "square", "ramp"]),
    frequency_hz=st.floats(0, 500),
    chunk=st.integers(1, 70),
    duration_s=st.floats(0.001, 0.3),
)
def test_a_shape_is_the_same_in_whatever_chunks_it_comes(
    shape: str, frequency_hz: float, chunk: int, duration_s: float
) -> None:
    spec = SignalSpec(shape, None, 2.0, 0.5, frequency_hz, duration_s)  # type: ignore[arg-type]
    whole = Shape(spec, 2, 1000.0, 10_000)()
    assert whole is not None
    pieces, feed = [], Shape(spec, 2, 1000.0, chunk)
    while (piece := feed()) is not None:
        assert piece.shape[1] <= chunk
        pieces.append(piece)
    together = np.concatenate(pieces, axis=1)
    assert together.shape == whole.shape == (2, feed.total)
    assert (together >= -1.5).all()
    assert (together <= 2.5).all()
    if shape in ("sine", "triangle"):  # the others jump, and where they do is a matter of rounding
        np.testing.assert_allclose(together, whole, atol=1e-6)


def test_shapes_begin_as_one_expects() -> None:
    def first(shape: str, count: int) -> list[float]:
        spec = SignalSpec(shape, None, 1.0, 0.0, 1.0)  # type: ignore[arg-type]
        samples = Shape(spec, 1, 4.0, count)()
        assert samples is not None
        return [round(value, 9) for value in samples[0].tolist()]

    assert first("sine", 5) == [0.0, 1.0, 0.0, -1.0, 0.0]
    assert first("triangle", 5) == [0.0, 1.0, 0.0, -1.0, 0.0]
    assert first("square", 5) == [1.0, 1.0, -1.0, -1.0, 1.0]
    assert first("ramp", 5) == [-1.0, -0.5, 0.0, 0.5, -1.0]
    assert first("constant", 2) == [0.0, 0.0]


def test_the_phase_holds_for_a_day() -> None:
    feed = Shape(SignalSpec("sine", None, 1.0, 0.0, 50.0), 1, 48_000.0, 960)
    feed._next = 48_000 * 86_400
    late = feed()
    assert late is not None
    early = Shape(SignalSpec("sine", None, 1.0, 0.0, 50.0), 1, 48_000.0, 960)()
    assert early is not None
    np.testing.assert_array_equal(late, early)


def test_samples_are_repeated_for_a_duration() -> None:
    feed = Samples(np.array([[1.0, 2.0, 3.0]]), 4, 10)
    taken = [one.tolist()[0] for one in iter_chunks(feed)]
    assert taken == [[1, 2, 3, 1], [2, 3, 1, 2], [3, 1]]


def iter_chunks(feed: Samples) -> list[np.ndarray]:
    chunks = []
    while (chunk := feed()) is not None:
        chunks.append(chunk)
    return chunks


def test_what_does_not_fill_all_buffers_is_given_as_a_whole() -> None:
    channels = {"O": DaqChannel("V", (-5, 5), direction="output")}
    signals = {
        "short": SignalSpec("sine", duration_s=0.3),
        "long": SignalSpec("sine", duration_s=9),
        "on": SignalSpec("sine"),
    }
    settings = DaqSettings(DaqDevice("simulated"), channels, block_size=100, signals=signals)
    short, long, endless = (wanted_signal(name, settings) for name in signals)
    assert isinstance(short.source, np.ndarray)
    assert (short.source.shape, short.total, short.text) == ((1, 300), 300, "300 samples, 0.3 s")
    assert callable(long.source)
    assert (long.total, endless.total, endless.text) == (9000, None, "until it is stopped")
