from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.frame_splitter import LONGEST_LINE, FrameSplitter, Line

streams = st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"\n", b"\r\n", b"x" * 511, b"y" * 600]))).map(
    b"".join
)


def split(*pieces: bytes):
    splitter = FrameSplitter()
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    unfinished = splitter.finish()
    return lines if unfinished is None else [*lines, unfinished]


def test_lines_end_at_lf_with_or_without_one_cr():
    assert split(b"ab\r\nc\n\nd\r\r\n") == [Line(0, b"ab"), Line(4, b"c"), Line(6, b""), Line(7, b"d\r")]


def test_an_unfinished_line_is_reported_at_the_end():
    assert split(b"ab\ncd") == [Line(0, b"ab"), Line(3, b"cd", "the data ends before the line does")]


def test_a_line_of_the_longest_length_is_kept_and_one_byte_more_is_not():
    longest = b"x" * LONGEST_LINE
    assert split(longest + b"\nok\n") == [Line(0, longest), Line(513, b"ok")]
    too_long = Line(0, longest, "the line is longer than 512 bytes")
    assert split(longest + b"x\nok\n") == [too_long, Line(514, b"ok")]
    assert split(longest + b"x") == [too_long]


def test_an_endless_line_is_reported_when_it_grows_too_long_not_at_its_end():
    splitter = FrameSplitter()
    assert splitter.feed(b"x" * LONGEST_LINE) == []
    assert len(splitter.feed(b"x")) == 1
    assert splitter.feed(b"x" * 5000) == []
    assert splitter.buffered == 0


@given(streams, st.lists(st.integers(0, 3000)))
def test_the_cuts_between_pieces_make_no_difference(stream: bytes, cuts: list[int]):
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(places)]
    splitter = FrameSplitter()
    lines = []
    for piece in pieces:
        lines += splitter.feed(piece)
        assert splitter.buffered <= LONGEST_LINE
    unfinished = splitter.finish()
    assert [*lines, *([] if unfinished is None else [unfinished])] == split(stream)


@given(streams)
def test_lines_are_where_their_offset_says_and_nothing_is_lost(stream: bytes):
    end = 0
    for line in split(stream):
        assert line.offset == end
        assert stream.startswith(line.data, line.offset)
        newline = stream.find(b"\n", line.offset)
        end = len(stream) if newline < 0 else newline + 1
    assert end == len(stream)
