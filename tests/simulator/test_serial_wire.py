"""Pacing, computed on a clock that only moves when somebody sleeps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.serial_wire import SerialWire

BYTE_S = 10 / 19200
MS = 1_000_000


def test_arrivals_follow_the_baud_rate() -> None:
    arrivals = list(SerialWire(BYTE_S).arrivals(0, bytes(145)))
    assert [len(piece) for _, piece in arrivals] == [16] * 9 + [1]
    assert arrivals[0][0] == round(16 * BYTE_S * 1e9)
    assert arrivals[-1][0] == round(145 / 1920 * 1e9)


@given(st.binary(max_size=300), st.sampled_from([0.0, BYTE_S, 10 / 2400]), st.sampled_from([None, 1, 16]))
def test_arrivals_carry_every_byte_in_order(data: bytes, byte_s: float, piece: int | None) -> None:
    arrivals = list(SerialWire(byte_s, piece).arrivals(5, data))
    times = [time for time, _ in arrivals]
    assert b"".join(part for _, part in arrivals) == data
    assert times == sorted(times)
    assert not data or times[-1] == 5 + round(len(data) * byte_s * 1e9)


def test_bytes_queue_on_the_line() -> None:
    wire = SerialWire(0.001)
    assert wire.silence_s(0) == float("inf")
    assert wire.occupy(10 * MS, 8) == 18 * MS
    assert wire.occupy(12 * MS, 2) == 20 * MS
    assert wire.silence_s(19 * MS) == 0
    assert wire.silence_s(70 * MS) == pytest.approx(0.05)
    assert wire.occupy(70 * MS, 1) == 71 * MS


async def test_transmission_sleeps_until_each_arrival(clock: Any) -> None:
    wire = SerialWire(0.001)
    seen: list[tuple[int, bytes]] = []

    async def deliver(piece: bytes) -> None:
        seen.append((clock.now_ns, piece))

    begin = clock.now_ns
    await wire.transmit(bytes(range(40)), begin, clock, deliver)
    assert seen == [
        (begin + 16 * MS, bytes(range(16))),
        (begin + 32 * MS, bytes(range(16, 32))),
        (begin + 40 * MS, bytes(range(32, 40))),
    ]
    assert wire.silence_s(begin + 90 * MS) == pytest.approx(0.05)
