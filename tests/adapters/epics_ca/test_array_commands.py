"""Actions that take a number or an array: what arms them, what is refused and why, and what the desk is given."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.access_rules import Permission, Rule
from gateway.adapters.epics_ca.access_settings import AccessSettings
from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.encoding import ELEMENT_SIZE, Native
from gateway.adapters.epics_ca.put_request import PutRefusedError, number, numbers, shown_value
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.points import SiteSpec, ValueKind
from tests.adapters.epics_ca.acting import ACTING_SITE, CONFIRM, ManualClock, RecordingDesk
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient, claim, is_ended, put
from tests.clients.libca import connected
from tests.serving import serving

STRING, INT, FLOAT, CHAR, LONG, DOUBLE = 0, 1, 2, 4, 5, 6
NORMAL, PUTFAIL, BADCOUNT, NOCONVERT, BADTYPE = 1, 160, 176, 400, 114
LEVEL, PLAY = "T:stack:Action:Level", "T:stack:Action:Play"
ROOM = 65_536
ACTIONS = (
    ActionSpec("Level", "Sets the level", (ActionArgument("Level", "", -1.5, 2.5, kind=ValueKind.FLOAT, unit="V"),)),
    ActionSpec(
        "Play",
        "Plays a waveform",
        (ActionArgument("Samples", "", -10.0, 70_000.0, kind=ValueKind.FLOAT, length=ROOM, unit="V"),),
    ),
)


@pytest.fixture
def site() -> SiteSpec:
    return replace(ACTING_SITE, devices=(replace(ACTING_SITE.devices[0], actions=ACTIONS),))


@pytest.fixture
async def port(
    site: SiteSpec, settings: ChannelAccessSettings, desk: RecordingDesk, clock: ManualClock
) -> AsyncIterator[int]:
    adapter = ChannelAccessAdapter(site, settings, clock)
    adapter.offer(desk)
    async with serving(adapter) as endpoint:
        yield int(endpoint.rpartition(":")[2])


@pytest.fixture
async def raw(port: int) -> AsyncIterator[RawClient]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(VERSION + claim(b"alice"))
        yield RawClient(stream)


def given_to(desk: RecordingDesk) -> list[float]:
    """The array of the only request."""
    (request,) = desk.requests
    (argument,) = request.arguments
    assert isinstance(argument, memoryview)
    assert (argument.format, argument.ndim, argument.readonly, argument.contiguous) == ("d", 1, True, True)
    return argument.tolist()


async def test_an_array_is_armed_shown_and_carried_out(port: int, desk: RecordingDesk):
    async with connected(port) as alice:
        await alice.monitor(PLAY, tag="armed")
        info = await alice.ask("info", PLAY)
        assert (info["count"], info["write"]) == (ROOM, True)
        await alice.put(PLAY, [0.5, -1.0, 70_000.0])
        assert (await alice.get(PLAY))["value"] == [0.5, -1.0, 70_000.0]
        assert (await alice.get(f"{PLAY}.NORD"))["value"] == 3
        assert desk.requests == []
        await alice.put(CONFIRM, 1)
        assert [event["value"] for event in await alice.events("armed", 3)] == [[], [0.5, -1.0, 70_000.0], []]
        assert (await alice.get(f"{PLAY}.SCAN", datatype="STRING"))["value"] == "Passive"
    assert given_to(desk) == [0.5, -1.0, 70_000.0]


async def test_a_number_is_armed_with_its_decimals(port: int, desk: RecordingDesk):
    async with connected(port) as alice:
        control = await alice.get(LEVEL, format="CTRL")
        assert (control["units"], control["precision"], control["lower_ctrl_limit"]) == ("V", 3, -1.5)
        assert (await alice.get(f"{LEVEL}.DRVH"))["value"] == 2.5
        assert (await alice.get(f"{LEVEL}.RTYP"))["value"] == "ao"
        await alice.put(LEVEL, "-1.25e0", datatype="STRING")
        assert (await alice.get(LEVEL))["value"] == -1.25
        await alice.put(LEVEL, 2.0625)
        await alice.put(CONFIRM, 1)
    assert [request.arguments for request in desk.requests] == [(2.0625,)]


async def test_as_many_elements_as_there_is_room_for_come_whole(raw: RawClient, desk: RecordingDesk):
    play, confirm = [await raw.channel(name.encode(), cid) for cid, name in enumerate((PLAY, CONFIRM))]
    await raw.stream.send(put(play, struct.pack(f">{ROOM}d", *range(ROOM)), DOUBLE, count=ROOM))
    assert (await raw.until(19))[3] == NORMAL
    await raw.stream.send(put(confirm, struct.pack(">H", 1), 3))
    assert (await raw.until(19))[3] == NORMAL
    assert given_to(desk) == list(range(ROOM))


async def test_nobody_else_may_send_as_much(raw: RawClient, port: int):
    level = await raw.channel(LEVEL.encode())
    await raw.stream.send(put(level, bytes(8 * ROOM), DOUBLE, count=ROOM)[:1000])
    assert await is_ended(raw.stream)
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        play = await RawClient(stream).channel(PLAY.encode())
        await stream.send(HEADER.pack(19, 0xFFFF, DOUBLE, 0, play, 1) + struct.pack(">II", 50 * ROOM, ROOM) + bytes(99))
        assert await is_ended(stream)


async def test_who_may_not_write_may_not_send_much_either(
    site: SiteSpec, settings: ChannelAccessSettings, desk: RecordingDesk
):
    read_only = replace(settings, access=AccessSettings(groups={"DEFAULT": (Rule(Permission.READ),)}))
    adapter = ChannelAccessAdapter(site, read_only)
    adapter.offer(desk)
    async with serving(adapter) as endpoint:
        async with await anyio.connect_tcp("127.0.0.1", int(endpoint.rpartition(":")[2])) as stream:
            play = await RawClient(stream).channel(PLAY.encode())
            await stream.send(put(play, bytes(8 * ROOM), DOUBLE, count=ROOM)[:1000])
            assert await is_ended(stream)


REFUSED = {
    "NaN": (struct.pack(">2d", 1.0, np.nan), DOUBLE, 2, PUTFAIL, b"no number"),
    "infinity": (struct.pack(">2f", -np.inf, 1.0), FLOAT, 2, PUTFAIL, b"no number"),
    "NaN as text": (b"nan", STRING, 1, PUTFAIL, b"no number"),
    "words": (b"1.5".ljust(40, b"\0") + b"much", STRING, 2, NOCONVERT, b'a number is needed, got "much"'),
    "beyond the bounds": (struct.pack(">3i", 1, 2, -11), LONG, 3, PUTFAIL, b"must be -10 to 70000 V, got -11.0"),
    "too many": (bytes(ROOM + 1), CHAR, ROOM + 1, BADCOUNT, b"at most 65536 values are taken, got 65537"),
    "none": (b"", DOUBLE, 0, PUTFAIL, b"must have 1 to 65536 values, got 0"),
    "fewer bytes than elements": (bytes(16), DOUBLE, 3, BADCOUNT, b"24 bytes are needed, got 16"),
    "a time type": (bytes(24), 20, 1, BADTYPE, b"only plain DBR types"),
}


@pytest.mark.parametrize(("value", "dbr_type", "count", "status", "why"), list(REFUSED.values()), ids=list(REFUSED))
async def test_what_is_no_array_for_the_action_arms_nothing(
    raw: RawClient, desk: RecordingDesk, value: bytes, dbr_type: int, count: int, status: int, why: bytes
):
    play, confirm = [await raw.channel(name.encode(), cid) for cid, name in enumerate((PLAY, CONFIRM))]
    await raw.stream.send(put(play, value, dbr_type, count=count))
    assert (await raw.until(19))[3] == status
    await raw.stream.send(put(play, value, dbr_type, count=count, notify=False))
    _command, _type, _count, _cid, code, payload = await raw.until(11)
    assert code == status
    assert why in payload
    await raw.stream.send(put(confirm, struct.pack(">H", 1), 3))
    assert (await raw.until(19))[3] == PUTFAIL
    assert desk.requests == []
    assert str(count) in desk.notes[0].detail or count == 1


@pytest.mark.parametrize("text", ["nan", "-inf", "1e999"])
async def test_no_number_that_is_none_arms_a_level(port: int, text: str, desk: RecordingDesk):
    async with connected(port) as alice:
        with pytest.raises(RuntimeError):
            await alice.put(LEVEL, text, datatype="STRING")
        with pytest.raises(RuntimeError):
            await alice.put(CONFIRM, 1)
    assert desk.requests == []


ARRAYS = {
    Native.INT: (">i2", st.integers(-(2**15), 2**15 - 1)),
    Native.FLOAT: (">f4", st.floats(width=32)),
    Native.CHAR: ("u1", st.integers(0, 255)),
    Native.LONG: (">i4", st.integers(-(2**31), 2**31 - 1)),
    Native.DOUBLE: (">f8", st.floats()),
}


@given(data=st.data(), native=st.sampled_from(list(ARRAYS)), padding=st.integers(0, 7))
def test_every_numeric_type_gives_the_same_array(data: st.DataObject, native: Native, padding: int):
    layout, elements = ARRAYS[native]
    values = data.draw(st.lists(elements, max_size=40))
    payload = np.array(values, layout).tobytes() + bytes(padding)
    taken = numbers(native, len(values), payload, 40)
    assert np.array_equal(np.asarray(taken), np.array(values, np.float64), equal_nan=True)
    texts = b"".join(repr(float(value)).encode().ljust(40, b"\0") for value in values)
    assert np.array_equal(np.asarray(numbers(0, len(values), texts, 40)), np.asarray(taken), equal_nan=True)
    if len(values) == 1 and values[0] == values[0]:
        assert number(native, 1, payload) == values[0]


@given(dbr_type=st.integers(0, 40), count=st.integers(0, 12), data=st.binary(max_size=200))
def test_no_put_does_worse_than_being_refused(dbr_type: int, count: int, data: bytes):
    assert shown_value(dbr_type, count, data)
    try:
        taken = numbers(dbr_type, count, data, 10)
    except PutRefusedError:
        return
    assert len(taken) == count <= 10
    assert dbr_type == 0 or count * ELEMENT_SIZE[Native(dbr_type)] <= len(data)
