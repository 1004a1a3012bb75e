"""A capture as the device: answers in their order and at their times, broadcasts to whoever listens."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from gateway.capture import replayed_broadcast
from gateway.capture.events import CapturedEvent, EventKind
from gateway.capture.exchanges import exchanges
from gateway.capture.recorded_answers import RecordedAnswers
from gateway.capture.replayed_broadcast import ReplayedBroadcast
from gateway.capture.replayed_modbus import ReplayedModbus
from gateway.model.readings import ProtocolKind
from gateway.testing.virtual_clock import VirtualClock

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "servomex-modbus-vectors.json").read_text())
RTU, ASCII, TCP = ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII, ProtocolKind.MODBUS_TCP
KEYS = {RTU: "rtu", ASCII: "ascii", TCP: "tcp"}


def vector(protocol: ProtocolKind, op: str) -> tuple[bytes, bytes]:
    entry = next(entry for entry in VECTORS[KEYS[protocol]] if entry["op"] == op)
    texts = entry["request"], entry["response"]
    return tuple(text.encode() if protocol is ASCII else bytes.fromhex(text) for text in texts)  # type: ignore[return-value]


ASK, ANSWER = vector(RTU, "FC02 1000/16")
OTHER_ASK, OTHER_ANSWER = vector(RTU, "FC02 0/80")


class Pipe(ByteStream):
    """One end of a connection in memory."""

    def __init__(self, to: MemoryObjectSendStream[bytes], from_: MemoryObjectReceiveStream[bytes]) -> None:
        self.to, self.from_ = to, from_

    async def receive(self, max_bytes: int = 65536) -> bytes:  # noqa: ARG002  anyio's signature
        return await self.from_.receive()

    async def send(self, item: bytes) -> None:
        await self.to.send(item)

    async def send_eof(self) -> None:
        self.to.close()

    async def aclose(self) -> None:
        self.to.close()
        self.from_.close()


class Cable:
    """Connections, all closed at the end of the test."""

    def __init__(self) -> None:
        self.ends: list[Pipe] = []

    def connection(self, room: float = float("inf")) -> tuple[Pipe, Pipe]:
        """The ends of a client and of the device; the device can send that many pieces ahead."""
        to_device, at_device = anyio.create_memory_object_stream[bytes](room)
        to_client, at_client = anyio.create_memory_object_stream[bytes](room)
        ends = Pipe(to_device, at_client), Pipe(to_client, at_device)
        self.ends += ends
        return ends


@pytest.fixture
def cable() -> Iterator[Cable]:
    made = Cable()
    yield made
    for end in made.ends:
        end.to.close()
        end.from_.close()


Replayed = Callable[..., AbstractAsyncContextManager["Talk"]]


@dataclass
class Talk:
    client: Pipe
    clock: VirtualClock

    async def ask(self, request: bytes, size: int) -> list[tuple[float, bytes]]:
        """The answer of that size: seconds since the request, and bytes."""
        begun = self.clock.monotonic_ns()
        await self.client.send(request)
        pieces: list[tuple[float, bytes]] = []
        while sum(len(data) for _, data in pieces) < size:
            data = await self.client.receive()
            pieces.append(((self.clock.monotonic_ns() - begun) / 1e9, data))
        return pieces

    async def answer(self, request: bytes, size: int) -> bytes:
        return b"".join(data for _, data in await self.ask(request, size))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def conversation(*talk: tuple[bytes, Sequence[tuple[int, bytes]]]) -> list[CapturedEvent]:
    """A capture: requests a second apart, with the bytes that came so many microseconds after each."""
    events = []
    for place, (request, pieces) in enumerate(talk):
        now = 1_000_000 * place
        events.append(CapturedEvent(EventKind.SENT, now, now, request))
        events += [CapturedEvent(EventKind.RECEIVED, now + after, now + after, data) for after, data in pieces]
    end = 1_000_000 * len(talk)
    return [*events, CapturedEvent(EventKind.CLOSED, end, end)]


@pytest.fixture
def replayed(clock: VirtualClock, cable: Cable) -> Replayed:
    """A bus that answers from a capture, and a connection to it."""

    @asynccontextmanager
    async def replay(protocol: ProtocolKind, events: list[CapturedEvent], speed: float = 1.0) -> AsyncIterator[Talk]:
        player = ReplayedModbus(protocol, RecordedAnswers(protocol, exchanges(events)), speed, clock)
        client, device = cable.connection()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(player.attend, device)
            with anyio.fail_after(10):
                yield Talk(client, clock)
                await client.aclose()

    return replay


@pytest.mark.parametrize("protocol", [RTU, ASCII, TCP])
async def test_every_recorded_request_gets_its_answer(protocol: ProtocolKind, replayed: Replayed) -> None:
    talk = [vector(protocol, entry["op"]) for entry in VECTORS[KEYS[protocol]]]
    async with replayed(protocol, conversation(*((ask, [(20_000, answer)]) for ask, answer in talk))) as device:
        for ask, answer in reversed(talk):
            assert await device.answer(ask, len(answer)) == answer


async def test_answers_come_in_recorded_order_and_then_begin_again(replayed: Replayed) -> None:
    answers = [ANSWER, ANSWER[:-1] + b"\x00", b"\x1e\x82\x02\x71\x61"]  # good, damaged, an exception
    talk = [(ASK, [(1000, answer)]) for answer in answers]
    talk.insert(1, (OTHER_ASK, [(1000, OTHER_ANSWER)]))
    async with replayed(RTU, conversation(*talk)) as device:
        for round_ in range(2):
            for answer in answers:
                assert await device.answer(ASK, len(answer)) == answer, round_
                assert await device.answer(OTHER_ASK, len(OTHER_ANSWER)) == OTHER_ANSWER


async def test_recorded_silence_is_silence(replayed: Replayed) -> None:
    talk = [(ASK, []), (OTHER_ASK, [(1000, OTHER_ANSWER)]), (ASK, [(1000, ANSWER)])]
    async with replayed(RTU, conversation(*talk)) as device:
        await device.client.send(ASK)
        assert await device.answer(OTHER_ASK, len(OTHER_ANSWER)) == OTHER_ANSWER
        assert await device.answer(ASK, len(ANSWER)) == ANSWER


@pytest.mark.parametrize(("speed", "factor"), [(1.0, 1.0), (10.0, 0.1), (0.5, 2.0), (0.0, 0.0)])
async def test_pieces_come_at_their_times(speed: float, factor: float, replayed: Replayed) -> None:
    pieces = [(20_000, ANSWER[:3]), (28_500, ANSWER[3:5]), (150_000, ANSWER[5:])]
    async with replayed(RTU, conversation((ASK, pieces)), speed) as device:
        seen = await device.ask(ASK, len(ANSWER))
    assert seen == [(pytest.approx(after / 1e6 * factor), data) for after, data in pieces]


async def test_a_loopback_returns_its_own_number(replayed: Replayed) -> None:
    ask, answer = vector(RTU, "FC08/0 abcd")
    assert ask == answer
    async with replayed(RTU, conversation((ask, [(4000, answer[:3]), (5000, answer[3:])]), (ask, []))) as device:
        fresh = bytes.fromhex("1e0800001234ef13")
        assert await device.ask(fresh, len(fresh)) == [(pytest.approx(0.005), fresh)]
        await device.client.send(fresh)  # the second one was not answered
        assert await device.answer(ask, len(ask)) == ask


async def test_a_loopback_that_was_never_recorded_is_echoed_by_who_answered_anything(replayed: Replayed) -> None:
    fresh = bytes.fromhex("1e0800001234ef13")
    async with replayed(RTU, conversation((ASK, [(1000, ANSWER)]))) as device:
        assert await device.answer(fresh, len(fresh)) == fresh
    silent = RecordedAnswers(RTU, exchanges(conversation((ASK, []))))
    assert silent.next(30, fresh[1:-2]) is None
    assert RecordedAnswers(RTU, exchanges(conversation((ASK, [(0, ANSWER)])))).next(31, fresh[1:-2]) is None


def numbered(number: int, frame: bytes) -> bytes:
    return number.to_bytes(2, "big") + frame[2:]


async def test_on_modbus_tcp_the_number_of_the_request_comes_back(replayed: Replayed) -> None:
    ask, answer = vector(TCP, "FC02 1000/16")
    other_ask, other_answer = vector(TCP, "FC02 0/80")
    talk = [
        (numbered(1, ask), []),
        # The late answer to the first request, cut in an unlucky place, and then the right one.
        (
            numbered(2, other_ask),
            [(1000, numbered(1, answer)[:5]), (2000, numbered(1, answer)[5:] + numbered(2, other_answer))],
        ),
        (numbered(3, ask), [(1000, numbered(3, answer) + b"\x01")]),
    ]
    async with replayed(TCP, conversation(*talk)) as device:
        await device.client.send(numbered(700, ask))
        both = numbered(700, answer) + numbered(701, other_answer)
        assert await device.answer(numbered(701, other_ask), len(both)) == both
        third = numbered(702, answer) + b"\x01"
        assert await device.answer(numbered(702, ask), len(third)) == third


async def test_a_request_that_was_never_recorded_is_named_once(
    replayed: Replayed, caplog: pytest.LogCaptureFixture
) -> None:
    async with replayed(RTU, conversation((ASK, [(1000, ANSWER)]))) as device:
        for _ in range(3):
            await device.client.send(OTHER_ASK)
        assert await device.answer(ASK, len(ANSWER)) == ANSWER
    (record,) = caplog.records
    assert record.getMessage() == "never recorded: address 30, request 0200000050; it gets no answer"


async def test_on_modbus_tcp_it_is_answered_like_by_a_gateway_without_the_device(replayed: Replayed) -> None:
    ask, answer = vector(TCP, "FC02 1000/16")
    other, _ = vector(TCP, "FC02 0/80")
    async with replayed(TCP, conversation((ask, [(1000, answer)]))) as device:
        assert await device.answer(numbered(9, other), 9) == bytes.fromhex("000900000003" + "1e820b")


def test_what_the_capture_cuts_off_is_not_replayed() -> None:
    events = conversation((ASK, [(1000, ANSWER)]), (ASK, [(1000, ANSWER[:3])]))
    *before, _ = events
    cut = RecordedAnswers(RTU, exchanges(before))
    lost = RecordedAnswers(RTU, exchanges([*before, CapturedEvent(EventKind.LOST, 0, 3_000_000, lost=1)]))
    assert (cut.count, len(cut), lost.count) == (1, 1, 1)
    assert RecordedAnswers(RTU, exchanges(events)).count == 2


def broadcast(*events: tuple[int, bytes | EventKind]) -> list[CapturedEvent]:
    return [
        CapturedEvent(what, at, at) if isinstance(what, EventKind) else CapturedEvent(EventKind.RECEIVED, at, at, what)
        for at, what in events
    ]


FRAMES = broadcast((500_000, b"one"), (2_500_000, b"two"), (4_600_000, b"three"))


async def heard(stream: Pipe, clock: VirtualClock, count: int) -> list[tuple[float, bytes]]:
    return [(await stream.receive(), clock.monotonic_ns() / 1e9)[::-1] for _ in range(count)]


@pytest.mark.parametrize(("speed", "factor"), [(1.0, 1.0), (100.0, 0.01), (0.0, 0.0)])
async def test_a_broadcast_keeps_its_times_from_the_first_listener_on(
    speed: float, factor: float, clock: VirtualClock, cable: Cable
) -> None:
    player = ReplayedBroadcast(lambda: FRAMES, speed=speed, loop=False, clock=clock)
    client, device = cable.connection()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(player.run)
        await clock.sleep(100)
        tasks.start_soon(player.attend, device)
        with anyio.fail_after(10):
            frames = await heard(client, clock, 3)
        tasks.cancel_scope.cancel()
    assert frames == [
        (pytest.approx(100 + factor * seconds), data)
        for seconds, data in [(0.5, b"one"), (2.5, b"two"), (4.6, b"three")]
    ]


async def test_a_broadcast_ends_or_begins_again(clock: VirtualClock, cable: Cable) -> None:
    client, device = cable.connection()
    once = ReplayedBroadcast(lambda: FRAMES, speed=1, loop=False, clock=clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(once.attend, device)
        with anyio.fail_after(10):
            await once.run()
        tasks.cancel_scope.cancel()
    await heard(client, clock, 3)
    again = ReplayedBroadcast(lambda: FRAMES, speed=1, loop=True, clock=clock)
    begun = clock.monotonic_ns() / 1e9
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(again.attend, device)
        tasks.start_soon(again.run)
        with anyio.fail_after(10):
            frames = await heard(client, clock, 5)
        tasks.cancel_scope.cancel()
    assert [data for _, data in frames] == [b"one", b"two", b"three", b"one", b"two"]
    assert [at - begun for at, _ in frames] == pytest.approx([0.5, 2.5, 4.6, 5.1, 7.1])


async def test_where_the_wire_was_closed_clients_are_sent_away_and_nothing_is_lost(
    clock: VirtualClock, cable: Cable
) -> None:
    events = broadcast(
        (1_000_000, b"one"), (2_000_000, EventKind.CLOSED), (3_000_000, EventKind.OPENED), (4_000_000, b"two")
    )
    player = ReplayedBroadcast(lambda: events, speed=1, loop=False, clock=clock)
    client, device = cable.connection()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(player.run)
        with anyio.fail_after(10):
            tasks.start_soon(player.attend, device)
            assert await heard(client, clock, 1) == [(1.0, b"one")]
        second_client, second_device = cable.connection()

        async def come_back() -> None:
            await clock.sleep(9)
            await player.attend(second_device)

        tasks.start_soon(come_back)
        with anyio.fail_after(10):
            assert await heard(second_client, clock, 1) == [(pytest.approx(12.0), b"two")]
        tasks.cancel_scope.cancel()


async def test_a_client_that_takes_nothing_does_not_stop_the_others(
    clock: VirtualClock, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayed_broadcast, "_STALLED_S", 0.05)
    player = ReplayedBroadcast(lambda: FRAMES, speed=0, loop=False, clock=clock)
    good, good_device = cable.connection()
    _, bad_device = cable.connection(room=0)
    async with anyio.create_task_group() as tasks:
        sent_away = anyio.Event()

        async def attend_bad() -> None:
            await player.attend(bad_device)
            sent_away.set()

        tasks.start_soon(attend_bad)
        tasks.start_soon(player.attend, good_device)
        tasks.start_soon(player.run)
        with anyio.fail_after(10):
            assert [data for _, data in await heard(good, clock, 3)] == [b"one", b"two", b"three"]
            await sent_away.wait()
        tasks.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
