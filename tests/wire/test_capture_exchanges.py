"""Captured Modbus traffic: which answer belongs to which request, and what both say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capture.events import CapturedEvent, EventKind
from gateway.capture.exchanges import ExchangeEnd, exchanges
from gateway.capture.modbus_meaning import BAD, ModbusMeaning, Outcome, meaning
from gateway.capture.overheard import overheard
from gateway.model.readings import ProtocolKind

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "servomex-modbus-vectors.json").read_text())
RTU, ASCII, TCP = ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII, ProtocolKind.MODBUS_TCP
KEYS = {RTU: "rtu", ASCII: "ascii", TCP: "tcp"}


def wire_bytes(text: str, protocol: ProtocolKind) -> bytes:
    return text.encode() if protocol is ASCII else bytes.fromhex(text)


def vectors(protocol: ProtocolKind) -> list[tuple[str, bytes, bytes]]:
    """Operation, request and answer, made by another Modbus implementation."""
    return [
        (entry["op"], wire_bytes(entry["request"], protocol), wire_bytes(entry["response"], protocol))
        for entry in VECTORS[KEYS[protocol]]
    ]


def event(kind: EventKind, offset_us: int, data: bytes = b"") -> CapturedEvent:
    return CapturedEvent(kind, 10**15 + offset_us, offset_us, data, lost=int(kind is EventKind.LOST))


def sent(offset_us: int, data: bytes) -> CapturedEvent:
    return event(EventKind.SENT, offset_us, data)


def received(offset_us: int, data: bytes) -> CapturedEvent:
    return event(EventKind.RECEIVED, offset_us, data)


def single(events: Sequence[CapturedEvent], protocol: ProtocolKind) -> ModbusMeaning:
    (exchange,) = exchanges([*events, event(EventKind.CLOSED, 10**9)])
    return meaning(protocol, exchange)


ASKED = next(request for op, request, _ in vectors(RTU) if op == "FC02 1000/16")
ANSWER = next(answer for op, _, answer in vectors(RTU) if op == "FC02 1000/16")


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=20), st.lists(st.binary(min_size=1, max_size=20), max_size=4)))
)
def test_pairing_gives_back_what_was_put_on_the_wire(talk: list[tuple[bytes, list[bytes]]]) -> None:
    events: list[CapturedEvent] = []
    now = 0
    for request, pieces in talk:
        now += 1_000_000
        events.append(sent(now, request))
        events += [received(now + 1000 * place, piece) for place, piece in enumerate(pieces, start=1)]
    found = list(exchanges(events))
    assert [(each.request, [data for _, data in each.pieces]) for each in found] == talk
    assert [each.offset_us for each in found] == [1_000_000 * (place + 1) for place in range(len(talk))]
    assert all(after_us == 1000 * place for each in found for place, (after_us, _) in enumerate(each.pieces, start=1))
    ends = [ExchangeEnd.FOLLOWED] * (len(talk) - 1) + [ExchangeEnd.END_OF_CAPTURE]
    assert [each.end for each in found] == (ends if talk else [])


@given(
    st.lists(
        st.builds(
            event,
            st.sampled_from(EventKind),
            st.integers(0, 10**7),
            st.binary(min_size=1, max_size=300),
        ),
        max_size=30,
    ),
    st.sampled_from([RTU, ASCII, TCP]),
)
def test_any_traffic_has_a_meaning_and_no_byte_is_left_out(events: list[CapturedEvent], protocol: ProtocolKind) -> None:
    events.sort(key=lambda one: one.offset_us)
    received_bytes = b"".join(one.data for one in events if one.kind is EventKind.RECEIVED)
    for traffic in (events, list(overheard(protocol, events))):
        found = list(exchanges(traffic))
        assert all(meaning(protocol, each).outcome for each in found)
        assert all(len(each.answer) <= 4096 for each in found)
        asked = b"".join(one.data for one in traffic if one.kind is EventKind.SENT)
        assert b"".join(each.request for each in found) == asked
        assert b"".join(one.data for one in traffic) == b"".join(one.data for one in events)
        if traffic is events:
            assert b"".join(each.answer for each in found) == received_bytes


@pytest.mark.parametrize("protocol", [RTU, ASCII, TCP])
def test_vectors_of_another_implementation(protocol: ProtocolKind) -> None:
    bank = {int(number): int(value, 16) for number, value in VECTORS["_bank"]["input_registers"].items()}
    seen = {}
    for op, request, answer in vectors(protocol):
        half = len(answer) // 2
        seen[op] = single(
            [sent(1000, request), received(21_000, answer[:half]), received(35_500, answer[half:])], protocol
        )
        assert seen[op].unit == 30, op
        assert seen[op].answer_ms == 34.5, op
    assert seen["FC04 0/70"].values == tuple(bank.get(number, 0) for number in range(70))
    assert (seen["FC04 0/70"].function, seen["FC04 0/70"].address, seen["FC04 0/70"].count) == (4, 0, 70)
    assert seen["FC02 1000/16"].values == (0,) * 16
    refused = seen.pop("FC04 100/1 -> exc 02")
    assert (refused.outcome, refused.exception, refused.address) == (Outcome.EXCEPTION, 2, 100)
    assert {said.outcome for said in seen.values()} == {Outcome.ANSWERED}
    assert seen["FC08/0 abcd"].values == (0xABCD,)
    assert seen["FC05 coil8 on"].values == (0xFF00,)


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ([], Outcome.SILENT),
        ([ANSWER], Outcome.ANSWERED),
        ([b"\xff\x00" + ANSWER], Outcome.ANSWERED),
        ([ANSWER, b"\xff"], Outcome.ANSWERED),
        ([ANSWER[:-1]], Outcome.DAMAGED),
        ([ANSWER[:-1] + b"\x00"], Outcome.DAMAGED),
        ([b"\x1f" + bytes.fromhex("020200 0011ba")], Outcome.FOREIGN),
        ([next(answer for op, _, answer in vectors(RTU) if op == "FC02 0/80")], Outcome.FOREIGN),
    ],
)
def test_what_became_of_a_request(pieces: list[bytes], outcome: Outcome) -> None:
    events = [sent(0, ASKED), *(received(1000, piece) for piece in pieces)]
    said = single(events, RTU)
    assert said.outcome is outcome
    assert (outcome in BAD) == (outcome is not Outcome.ANSWERED)
    assert (said.unit, said.function, said.address, said.count) == (30, 2, 1000, 16)
    if outcome in (Outcome.DAMAGED, Outcome.FOREIGN):
        assert b"".join(pieces).hex() in said.problem


def test_on_modbus_tcp_the_number_decides() -> None:
    _, request, answer = vectors(TCP)[0]
    late = bytes([request[0], request[1] ^ 1]) + answer[2:]
    assert single([sent(0, request), received(1, late)], TCP).outcome is Outcome.FOREIGN
    both = single([sent(0, request), received(1, late), received(2, answer)], TCP)
    assert (both.outcome, both.answer_ms) == (Outcome.ANSWERED, 0.002)


@pytest.mark.parametrize("last", [None, EventKind.LOST])
def test_what_the_capture_cuts_off_is_not_called_bad(last: EventKind | None) -> None:
    events = [received(0, ANSWER), sent(10, ASKED), received(1000, ANSWER[:4])]
    if last is not None:
        events.append(event(last, 2000))
    first, second = exchanges(events)
    assert [meaning(RTU, each).outcome for each in (first, second)] == [Outcome.UNKNOWN, Outcome.UNKNOWN]


def test_bytes_that_nobody_asked_for_are_reported_in_bounded_pieces() -> None:
    opened = event(EventKind.OPENED, 0)
    noise = [received(1000 * place, bytes(1000)) for place in range(1, 11)]
    found = list(exchanges([opened, *noise, received(5_000_000, b"late")]))
    assert [len(each.answer) for each in found] == [4000, 4000, 2000, 4]
    assert {meaning(RTU, each).outcome for each in found} == {Outcome.UNASKED}


def test_a_broadcast_has_no_answer() -> None:
    everybody = bytes.fromhex("0005 0008 ff00 0c29".replace(" ", ""))
    said = single([sent(0, everybody)], RTU)
    assert (said.outcome, said.unit, said.function, said.address) == (Outcome.BROADCAST, 0, 5, 8)


def overheard_talk(protocol: ProtocolKind, size: int) -> tuple[list[CapturedEvent], list[CapturedEvent]]:
    """What a master captures of all vectors, and what a listener does who gets pieces of `size` bytes."""
    master: list[CapturedEvent] = []
    listener: list[CapturedEvent] = []
    now = 0
    for _, request, answer in vectors(protocol):
        now += 300_000
        master += [sent(now, request), received(now + 50_000, answer)]
        listener += [received(now, request[place : place + size]) for place in range(0, len(request), size)]
        listener += [received(now + 50_000, answer[place : place + size]) for place in range(0, len(answer), size)]
    return master, listener


@pytest.mark.parametrize("protocol", [RTU, ASCII])
@pytest.mark.parametrize("size", [1, 7, 16, 1000])
def test_a_listener_understands_as_much_as_the_master(protocol: ProtocolKind, size: int) -> None:
    master, listener = overheard_talk(protocol, size)
    assert list(overheard(protocol, listener)) == master


def test_a_listener_finds_its_way_after_noise_and_silence() -> None:
    traffic = [
        received(0, ANSWER[3:]),  # begun in the middle of a frame
        received(500_000, ASKED),
        received(900_000, b"\xa5" + ASKED),
        received(950_000, ANSWER),
        received(2_000_000, ASKED + ANSWER + ASKED),
        received(2_050_000, ANSWER[:-1] + b"\x00"),
    ]
    said = [meaning(RTU, each).outcome for each in exchanges(overheard(RTU, [event(EventKind.OPENED, 0), *traffic]))]
    assert said == [
        Outcome.UNASKED, Outcome.DAMAGED, Outcome.ANSWERED, Outcome.ANSWERED, Outcome.UNKNOWN,
    ]  # fmt: skip


def test_a_repeated_request_is_no_answer_to_itself() -> None:
    read = next(request for op, request, _ in vectors(RTU) if op == "FC04 0/70")
    heard = overheard(RTU, [received(0, read), received(1_000_000, read), received(2_000_000, read)])
    assert [one.kind for one in heard] == [EventKind.SENT] * 3
