"""Puts that libca would never send, clients that leave at the wrong moment, and who counts as the same asker."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.errors import ActionRefusedError
from tests.adapters.epics_ca.acting import BLOWBACK, CONFIRM, MEASURED, START, ManualClock, RecordingDesk
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient, claim, is_ended, put, subscribe
from tests.clients.libca import PATIENCE

STRING, INT, ENUM, LONG, DOUBLE = 0, 1, 3, 5, 6
NORMAL, BADTYPE, PUTFAIL, BADCOUNT, NOWTACCESS, NOCONVERT = 1, 114, 160, 176, 376, 400
ECHO = HEADER.pack(23, 0, 0, 0, 0, 0)
YES = struct.pack(">H", 1)


def long(number: int) -> bytes:
    return struct.pack(">i", number)


class RawOperator(RawClient):
    """A raw client with a channel on every command."""

    async def begin(self, user: bytes) -> None:
        await self.stream.send(VERSION + (claim(user) if user else b""))
        names = (START, BLOWBACK, CONFIRM, MEASURED)
        self.start, self.blowback, self.confirm, self.measured = [
            await self.channel(name.encode(), cid) for cid, name in enumerate(names)
        ]

    async def put(self, sid: int, value: bytes, dbr_type: int, **options: Any) -> int:
        """Put with callback; returns its status."""
        await self.stream.send(put(sid, value, dbr_type, **options))
        return (await self.until(19))[3]


Operators = Callable[..., AbstractAsyncContextManager[RawOperator]]


@pytest.fixture
def operators(acting_port: int) -> Operators:
    """Connect as a user, from an address of this machine."""

    @asynccontextmanager
    async def connect(user: bytes = b"alice", host: str = "127.0.0.1") -> AsyncIterator[RawOperator]:
        async with await anyio.connect_tcp("127.0.0.1", acting_port, local_host=host) as stream:
            operator = RawOperator(stream)
            await operator.begin(user)
            yield operator

    return connect


async def test_nobody_confirms_what_another_user_or_host_has_armed(operators: Operators, desk: RecordingDesk):
    async with operators() as alice, operators(b"bob") as bob, operators(host="127.0.0.2") as elsewhere:
        assert await alice.put(alice.start, long(2), LONG) == NORMAL
        assert await bob.put(bob.confirm, YES, ENUM) == PUTFAIL
        assert await elsewhere.put(elsewhere.confirm, YES, ENUM) == PUTFAIL
        assert await bob.put(bob.start, long(3), LONG) == NORMAL
        await bob.stream.send(claim(b"carol"))
        assert await bob.put(bob.confirm, YES, ENUM) == PUTFAIL
        assert desk.requests == []
        assert await alice.put(alice.confirm, YES, ENUM) == NORMAL
        await bob.stream.send(claim(b"bob"))
        assert await bob.put(bob.confirm, YES, ENUM) == NORMAL
    asked = [(request.arguments, request.origin.host, request.origin.user) for request in desk.requests]
    assert asked == [((2,), "127.0.0.1", "alice"), ((3,), "127.0.0.1", "bob")]


async def test_the_host_is_that_of_the_socket_and_the_user_is_cleaned(operators: Operators, desk: RecordingDesk):
    async with operators(b"al\x1b[2Jice\n", "127.0.0.3") as alice:
        await alice.stream.send(HEADER.pack(21, 16, 0, 0, 0, 0) + b"control-room".ljust(16, b"\0"))
        assert await alice.put(alice.blowback, long(1), LONG) == NORMAL
        assert await alice.put(alice.confirm, YES, ENUM) == NORMAL
    async with operators(b"") as nobody:
        assert await nobody.put(nobody.blowback, long(1), LONG) == NORMAL
        assert await nobody.put(nobody.confirm, YES, ENUM) == NORMAL
    assert [request.origin.host for request in desk.requests] == ["127.0.0.3", "127.0.0.1"]
    assert [request.origin.user for request in desk.requests] == ["al?[2Jice?", ""]
    assert not any(request.origin.proved for request in desk.requests)


async def test_a_host_that_arms_without_end_pushes_out_only_its_own(operators: Operators, desk: RecordingDesk):
    async with operators() as alice, operators(b"first", "127.0.0.2") as many:
        assert await alice.put(alice.start, long(1), LONG) == NORMAL
        assert await many.put(many.start, long(2), LONG) == NORMAL
        for number in range(8):
            await many.stream.send(claim(b"user%d" % number))
            assert await many.put(many.start, long(3), LONG) == NORMAL
        await many.stream.send(claim(b"first"))
        assert await many.put(many.confirm, YES, ENUM) == PUTFAIL
        await many.stream.send(claim(b"user0"))
        assert await many.put(many.confirm, YES, ENUM) == NORMAL
        assert await alice.put(alice.confirm, YES, ENUM) == NORMAL
    assert [request.origin.user for request in desk.requests] == ["user0", "alice"]


async def test_a_put_without_callback_is_answered_only_when_it_fails_and_then_says_why(
    operators: Operators, desk: RecordingDesk
):
    async def heard_of(*puts: bytes) -> tuple[int, bytes]:
        await alice.stream.send(b"".join(puts))
        _command, _type, _count, _cid, status, payload = await alice.until(11)
        return status, payload[HEADER.size :].rstrip(b"\0")

    async with operators() as alice:
        arm, confirm = (put(sid, long(1), LONG, notify=False) for sid in (alice.start, alice.confirm))
        await alice.stream.send(arm + confirm + ECHO)
        assert (await alice.message())[0] == 23
        with anyio.fail_after(PATIENCE):
            await desk.begun.wait()
        desk.trouble = ActionRefusedError("alice is no operator \N{EM DASH} see the settings " + "x" * 1000)
        status, text = await heard_of(arm, confirm)
        assert status == NOWTACCESS
        assert text.startswith("alice is no operator \N{EM DASH} see".encode())
        assert len(text) < 500
        status, text = await heard_of(confirm)
        assert (status, text) == (PUTFAIL, b"nothing is armed: write to a command of stack, then confirm within 30 s")
        status, text = await heard_of(put(alice.start, long(5), LONG, notify=False))
        assert (status, text) == (PUTFAIL, b"Group must be 1 to 4, got 5")
        assert await heard_of(put(alice.measured, long(5), LONG, notify=False)) == (NOWTACCESS, b"this PV is read-only")
    assert len(desk.requests) == 2


GARBAGE = {
    "no payload": (b"", LONG, 1, BADCOUNT),
    "no elements": (long(1), LONG, 0, BADCOUNT),
    "two elements": (long(1) * 2, LONG, 2, BADCOUNT),
    "more elements than bytes": (long(1), DOUBLE, 0xFFFF, BADCOUNT),
    "a status type": (bytes(4) + long(1), 12, 1, BADTYPE),
    "a control type": (bytes(80), 34, 1, BADTYPE),
    "an acknowledgement": (YES, 36, 1, BADTYPE),
    "a class name": (b"longout".ljust(40, b"\0"), 38, 1, BADTYPE),
    "bytes that are no text": (b"\xff\xfe\xfd", STRING, 1, NOCONVERT),
    "a long text": (b"1" * 400, STRING, 1, PUTFAIL),
    "not a number": (struct.pack(">d", float("nan")), DOUBLE, 1, NOCONVERT),
    "infinity": (struct.pack(">d", float("-inf")), DOUBLE, 1, NOCONVERT),
    "the largest double": (struct.pack(">d", 1.7e308), DOUBLE, 1, PUTFAIL),
    "negative": (struct.pack(">h", -1), INT, 1, PUTFAIL),
}


@pytest.mark.parametrize(("value", "dbr_type", "count", "status"), list(GARBAGE.values()), ids=list(GARBAGE))
async def test_garbage_arms_nothing_and_breaks_nothing(
    operators: Operators, desk: RecordingDesk, value: bytes, dbr_type: int, count: int, status: int
):
    async with operators() as alice:
        for sid in (alice.start, alice.confirm, alice.blowback):
            assert await alice.put(sid, value, dbr_type, count=count) == status
            await alice.stream.send(put(sid, value, dbr_type, count=count, notify=False))
            assert (await alice.until(11))[4] == status
        assert await alice.put(alice.confirm, YES, ENUM) == PUTFAIL
        assert desk.requests == []
        assert await alice.put(alice.start, long(1), LONG) == NORMAL
        assert await alice.put(alice.confirm, YES, ENUM) == NORMAL
    assert len(desk.requests) == 1


async def test_puts_beyond_the_protocol_end_only_their_own_connection(operators: Operators, desk: RecordingDesk):
    async with operators() as witness:
        assert await witness.put(witness.start, long(1), LONG) == NORMAL
        for attack in ("type", "cut", "huge", "cleared", "unknown"):
            async with operators() as alice:
                sid = alice.confirm
                huge = HEADER.pack(19, 0xFFFF, LONG, 0, sid, 1) + struct.pack(">II", 2**31, 2**31) + bytes(64)
                request = {
                    "type": put(sid, YES, 99),
                    "cut": put(sid, b"", 27),
                    "huge": huge,
                    "cleared": HEADER.pack(12, 0, 0, 0, sid, 2) + put(sid, YES, ENUM),
                    "unknown": put(4711, YES, ENUM),
                }[attack]
                await alice.stream.send(request)
                assert await is_ended(alice.stream), attack
        assert desk.requests == []
        extended = HEADER.pack(19, 0xFFFF, LONG, 0, witness.start, 1) + struct.pack(">II", 8, 2**31) + bytes(8)
        await witness.stream.send(extended)
        answer = await witness.stream.receive()
        assert struct.unpack_from(">HHHHIIII", answer)[4] == BADCOUNT
    async with operators() as witness:
        assert await witness.put(witness.confirm, YES, ENUM) == NORMAL


async def test_monitors_hear_of_a_put_before_its_callback_does(operators: Operators):
    async with operators() as alice:
        for number, sid in enumerate((alice.start, alice.confirm)):
            await alice.stream.send(subscribe(sid, number, LONG))
            await alice.until(1)
        await alice.stream.send(put(alice.start, long(2), LONG))
        assert [(await alice.message())[0] for _ in range(2)] == [1, 19]
        await alice.stream.send(put(alice.confirm, YES, ENUM))
        heard = [await alice.message() for _ in range(4)]
    assert [message[0] for message in heard] == [1, 1, 1, 19]
    assert [(message[4], message[5][:4]) for message in heard[:3]] == [(0, long(0)), (1, long(1)), (1, long(0))]


async def test_an_action_goes_on_when_its_client_clears_the_channel_or_uses_its_number_again(
    operators: Operators, desk: RecordingDesk
):
    async with operators() as alice, operators(b"bob") as bob:
        desk.hold()
        for one in (alice, bob):
            assert await one.put(one.blowback, long(1), LONG) == NORMAL
            await one.stream.send(put(one.confirm, YES, ENUM, ioid=7))
        await alice.stream.send(HEADER.pack(12, 0, 0, 0, alice.confirm, 2))
        await alice.until(12)
        await bob.stream.send(HEADER.pack(15, 0, DOUBLE, 1, bob.measured, 7))
        await bob.until(15)
        desk.go.set()
        assert (await bob.until(19))[3:5] == (NORMAL, 7)
        await alice.stream.send(ECHO)
        assert (await alice.message())[0] == 23, "a cleared channel hears nothing more"
    assert desk.ended == ["done", "done"]


async def test_an_action_goes_on_when_its_client_leaves(operators: Operators, desk: RecordingDesk):
    desk.hold()
    async with operators() as alice:
        assert await alice.put(alice.start, long(2), LONG) == NORMAL
        await alice.stream.send(put(alice.confirm, YES, ENUM))
        with anyio.fail_after(PATIENCE):
            await desk.begun.wait()
    async with operators() as again:
        assert await again.put(again.blowback, long(1), LONG) == NORMAL
        assert await again.put(again.confirm, YES, ENUM) == PUTFAIL, "the first action of alice still runs"
        desk.go.set()
        with anyio.fail_after(PATIENCE):
            while not desk.ended:
                await anyio.lowlevel.checkpoint()
        assert await again.put(again.confirm, YES, ENUM) == NORMAL
    assert desk.ended == ["done", "done"]


async def test_the_end_of_the_server_ends_an_action_and_forgets_what_is_armed(
    acting: ChannelAccessAdapter, desk: RecordingDesk, clock: ManualClock, serving: Any
):
    @asynccontextmanager
    async def connected(port: int) -> AsyncIterator[RawOperator]:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            operator = RawOperator(stream)
            await operator.begin(b"alice")
            yield operator

    desk.hold()
    with anyio.fail_after(PATIENCE):
        async with serving(acting) as port, connected(port) as alice:
            assert await alice.put(alice.start, long(2), LONG) == NORMAL
            await alice.stream.send(put(alice.confirm, YES, ENUM))
            await desk.begun.wait()
            assert await alice.put(alice.blowback, long(1), LONG) == NORMAL
    assert desk.ended == ["cancelled"]
    desk.go.set()
    async with serving(acting) as port, connected(port) as alice:
        for sid in (alice.start, alice.blowback, alice.confirm):
            await alice.stream.send(HEADER.pack(15, 0, LONG, 1, sid, 1))
            assert (await alice.until(15))[5][:4] == long(0)
        assert await alice.put(alice.confirm, YES, ENUM) == PUTFAIL
        assert await alice.put(alice.start, long(3), LONG) == NORMAL
        clock.advance(29)
        assert await alice.put(alice.confirm, YES, ENUM) == NORMAL
    assert [request.arguments for request in desk.requests] == [(2,), (3,)]
