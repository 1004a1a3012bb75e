"""Requests cut out of a byte stream however it is split, joined or damaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.ascii_framing import AsciiFraming, lrc
from gateway.simulator.framing import DesynchronisedError, Framing, Request
from gateway.simulator.mbap_framing import MbapFraming
from gateway.simulator.rtu_framing import RtuFraming, crc16

UNITS = st.integers(0, 247)
WORDS = st.binary(min_size=4, max_size=4)
PDUS = st.one_of(
    st.builds(lambda code, data: bytes([code]) + data, st.sampled_from([1, 2, 3, 4, 5, 6, 8]), WORDS),
    st.builds(
        lambda code, head, data: bytes([code]) + head + bytes([len(data)]) + data,
        st.sampled_from([15, 16]),
        WORDS,
        st.binary(min_size=1, max_size=200),
    ),
)
REQUESTS = st.builds(Request, UNITS, PDUS)
CUTS = st.lists(st.integers(1, 40), min_size=1, max_size=20)
SERIAL = {"rtu": RtuFraming, "ascii": AsciiFraming}
serial = pytest.mark.parametrize("framing", SERIAL.values(), ids=SERIAL)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    pieces, start, index = [], 0, 0
    while start < len(stream):
        size = sizes[index % len(sizes)]
        pieces.append(stream[start : start + size])
        start, index = start + size, index + 1
    return pieces


def on_the_wire(framing: Framing, requests: list[Request]) -> bytes:
    # Requests and answers have the same outer form.
    return b"".join(framing.encode(request, request.pdu) for request in requests)


def test_check_values() -> None:
    assert crc16(b"123456789") == 0x4B37
    assert lrc(bytes.fromhex("1E080000ABCD")) == 0x62


@pytest.mark.parametrize(("kind", "framing"), [("rtu", RtuFraming), ("ascii", AsciiFraming), ("tcp", MbapFraming)])
def test_vectors(kind: str, framing: Callable[[], Framing], modbus_vectors: dict[str, Any]) -> None:
    for vector in modbus_vectors[kind]:
        as_bytes = str.encode if kind == "ascii" else bytes.fromhex
        request_bytes, response_bytes = as_bytes(vector["request"]), as_bytes(vector["response"])
        decoder = framing()
        (request,) = decoder.feed(request_bytes)
        assert request.unit == 30
        assert not decoder.pending
        pdu = {
            "rtu": lambda data: data[1:-2],
            "ascii": lambda data: bytes.fromhex(data.decode().strip(":\r\n"))[1:-1],
            "tcp": lambda data: data[7:],
        }[kind](response_bytes)
        assert decoder.encode(request, pdu) == response_bytes


@pytest.mark.parametrize("framing", [RtuFraming, AsciiFraming, MbapFraming])
@given(st.lists(REQUESTS, min_size=1, max_size=6), CUTS)
def test_splits_and_merges_change_nothing(
    framing: Callable[[], Framing], requests: list[Request], sizes: list[int]
) -> None:
    decoder = framing()
    stream = on_the_wire(decoder, requests)
    assert [request for piece in cut(stream, sizes) for request in decoder.feed(piece)] == requests
    assert not decoder.pending


@serial
@given(st.binary(max_size=80), REQUESTS, CUTS)
def test_resynchronises_after_garbage_and_silence(
    framing: Callable[[], Framing], garbage: bytes, request: Request, sizes: list[int]
) -> None:
    decoder = framing()
    for piece in cut(garbage, sizes):
        decoder.feed(piece)
    decoder.idle()
    assert decoder.feed(on_the_wire(decoder, [request])) == [request]


@serial
@given(st.binary(max_size=40).filter(lambda data: b":" not in data), REQUESTS)
def test_finds_a_request_right_behind_garbage(framing: Callable[[], Framing], garbage: bytes, request: Request) -> None:
    decoder = framing()
    found = decoder.feed(garbage + on_the_wire(decoder, [request]))
    assert request in found + decoder.idle()


@serial
@given(REQUESTS, st.data())
def test_one_flipped_bit_silences_a_request(
    framing: Callable[[], Framing], request: Request, data: st.DataObject
) -> None:
    decoder = framing()
    wire = bytearray(on_the_wire(decoder, [request]))
    position = data.draw(st.integers(0, len(wire) - 1))
    wire[position] ^= 1 << data.draw(st.integers(0, 7))
    assert request not in decoder.feed(bytes(wire)) + decoder.idle()


@pytest.mark.parametrize("framing", [RtuFraming, AsciiFraming, MbapFraming])
@given(st.lists(st.binary(max_size=700), max_size=8))
def test_memory_is_bounded_whatever_comes(framing: Callable[[], Framing], chunks: list[bytes]) -> None:
    decoder = framing()
    for chunk in chunks:
        try:
            decoder.feed(chunk)
        except DesynchronisedError:
            return
        held = getattr(decoder, "_buffer", None) or getattr(decoder, "_line", None) or b""
        assert len(held) <= 513


def test_rtu_cuts_by_silence_what_has_no_known_length() -> None:
    decoder = RtuFraming()
    for pdu in (b"\x2b\x0e\x01\x00", b"\x11", b"\x08\x00\x00\x01\x02\x03\x04"):
        request = Request(30, pdu)
        assert decoder.feed(decoder.encode(request, pdu)) == []
        assert decoder.pending
        assert decoder.idle() == [request]
        assert not decoder.pending


@pytest.mark.parametrize(
    "line",
    [
        b":1E080000ABCD62\n",
        b":1e080000abcd62\r\n",
        b":1E080000ABCD6\r\n",
        b":1E080000ABCD63\r\n",
        b":1EE2\r\n",
        b":\r\n",
        b"1E080000ABCD62\r\n",
    ],
)
def test_ascii_drops_what_is_not_exact(line: bytes) -> None:
    assert AsciiFraming().feed(line) == []


def test_ascii_begins_anew_at_a_colon() -> None:
    assert AsciiFraming().feed(b":1E08:1E080000ABCD62\r\n") == [Request(30, bytes.fromhex("080000ABCD"))]


@pytest.mark.parametrize("header", ["000100010006", "000100000001", "0001000000ff"])
def test_mbap_gives_up_on_an_impossible_header(header: str) -> None:
    with pytest.raises(DesynchronisedError):
        MbapFraming().feed(bytes.fromhex(header) + b"\x1e\x04\0\0\0\x46")
