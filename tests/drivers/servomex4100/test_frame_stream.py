from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.frame_stream import FrameStream
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserFrame
from tests.drivers.servomex4100.frames import FIVE, frame


def kinds(results: Sequence[object]):
    return [type(result) for result in results]


def test_the_tail_of_a_frame_is_dropped_without_a_word():
    assert kinds(FrameStream(DisplayText()).feed(frame(FIVE)[57:] + frame(FIVE))) == [AnalyserFrame]


def test_a_whole_first_frame_counts():
    assert kinds(FrameStream(DisplayText()).feed(frame(FIVE))) == [AnalyserFrame]


def test_only_the_first_line_is_forgiven():
    tail = frame(FIVE)[57:]
    assert kinds(FrameStream(DisplayText()).feed(tail + tail + frame(FIVE))) == [ProtocolError, AnalyserFrame]


def test_noise_without_an_end_is_reported_at_once_even_at_the_start():
    (error,) = FrameStream(DisplayText()).feed(b"\xff" * 513)
    assert isinstance(error, ProtocolError)
    assert "baud rate" in error.hint
    assert len(error.raw) < 513


@given(st.binary(max_size=1500), st.integers(1, 300))
def test_after_any_noise_at_most_one_frame_is_lost(noise: bytes, piece: int):
    stream = FrameStream(DisplayText())
    data = frame(FIVE) + noise + 3 * frame(FIVE)
    results = [result for place in range(0, len(data), piece) for result in stream.feed(data[place : place + piece])]
    assert kinds(results[:1]) == [AnalyserFrame]
    assert kinds(results[-2:]) == [AnalyserFrame, AnalyserFrame]
