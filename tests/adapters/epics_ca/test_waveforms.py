"""Arrays as waveform records: whole, in order and as many elements as asked for, whoever else is slow."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from typing import Any

import anyio
import numpy as np
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.quality import State
from tests.adapters.epics_ca.raw_client import VERSION, RawClient, message, subscribe
from tests.adapters.epics_ca.waves import LONG, NAMES, SHORT, SITE, ramp, wave_update
from tests.clients.libca import connected
from tests.serving import serving

VALUE, LOG, ALARM = 1, 2, 4
DOUBLE, TIME_DOUBLE, TIME_FLOAT = 6, 20, 16
TICKS = 30


@pytest.fixture
def waves(settings: ChannelAccessSettings) -> ChannelAccessAdapter:
    return ChannelAccessAdapter(SITE, settings)


@pytest.fixture
async def waves_port(waves: ChannelAccessAdapter) -> AsyncIterator[int]:
    async with serving(waves) as endpoint:
        yield int(endpoint.rpartition(":")[2])


@pytest.fixture
async def reader(waves_port: int) -> AsyncIterator[Any]:
    async with connected(waves_port) as client:
        yield client


@pytest.fixture
async def raw(waves_port: int) -> AsyncIterator[RawClient]:
    async with await anyio.connect_tcp("127.0.0.1", waves_port) as stream:
        await stream.send(VERSION)
        yield RawClient(stream)


def show(waves: ChannelAccessAdapter, tick: int, state: State = State.GOOD) -> None:
    """Arrays that go on where those of the tick before have ended."""
    values = {"Scope": ramp(LONG, tick * LONG), "Scope:Short": ramp(SHORT, tick * SHORT), "Level": float(tick)}
    waves.apply(wave_update(values, state=state, tick=tick))


async def test_no_element_is_lost_or_torn_for_two_clients(waves: ChannelAccessAdapter, waves_port: int):
    async with connected(waves_port) as one, connected(waves_port) as other:
        clients = (one, other)
        for client in clients:
            for name in ("Scope", "Scope:Short"):
                await client.ask("monitor", f"T:daq:{name}", tag=name, ramp=True, format="TIME")
            await client.monitor("T:daq:Level", tag="Level", format="TIME")
        for tick in range(TICKS):
            show(waves, tick)
            for client in clients:  # libca asks for a pause when ten messages in a row keep it busy
                await client.events("Scope", tick + 2)
        for client in clients:
            for name, count in (("Scope", LONG), ("Scope:Short", SHORT)):
                blocks = (await client.events(name, TICKS + 1))[1:]
                assert [block["first"] for block in blocks] == [float(tick * count) for tick in range(TICKS)]
                assert {(block["count"], block["whole"]) for block in blocks} == {(count, True)}
                assert [block["raw_stamp"] for block in blocks] == [
                    event["raw_stamp"] for event in (await client.events("Level", TICKS + 1))[1:]
                ]
    assert waves._load().coalesced == 0


async def test_a_client_that_does_not_read_gets_the_newest_and_what_it_missed_of_alarms(
    waves: ChannelAccessAdapter, waves_port: int, raw: RawClient
):
    sid = await raw.channel(b"T:daq:Scope")
    await raw.stream.send(subscribe(sid, 1, TIME_DOUBLE, 0) + subscribe(sid, 2, DOUBLE, LONG))
    async with connected(waves_port) as healthy:
        await healthy.ask("monitor", "T:daq:Scope", tag="Scope", ramp=True, format="TIME")
        await healthy.events("Scope", 1)
        for tick in range(TICKS):
            show(waves, tick, State.CHANNEL_FAULT if tick == TICKS - 5 else State.GOOD)
            await healthy.events("Scope", tick + 2)
        blocks = await healthy.events("Scope", TICKS + 1)
        assert [block["first"] for block in blocks[1:]] == [float(tick * LONG) for tick in range(TICKS)]
        assert all(block["whole"] for block in blocks[1:])
    assert waves._load().coalesced > TICKS
    heard: dict[int, list[tuple[int, float]]] = {1: [], 2: []}
    last = float((TICKS - 1) * LONG)
    while not all(events and events[-1][1] == last for events in heard.values()):
        _command, dbr_type, count, _status, subscription, payload = await raw.until(1)
        if count in (0, 1) or len(payload) < 8 * LONG:
            continue
        place = 16 if dbr_type == TIME_DOUBLE else 0
        severity = struct.unpack_from(">h", payload, 2)[0] if place else 0
        elements = np.frombuffer(payload, ">f8", count, place)
        assert count == LONG
        if np.any(elements):
            assert np.array_equal(elements, elements[0] + np.arange(LONG)), "an event is torn"
        heard[subscription].append((severity, float(elements[0])))
    first_fault = (2, float((TICKS - 5) * LONG))
    assert first_fault in heard[1]
    assert heard[1][-1] == (0, last)
    assert len(heard[1]) < TICKS


async def test_elements_asked_for_are_the_same_for_all_and_zeros_where_there_are_none(
    waves: ChannelAccessAdapter, raw: RawClient
):
    sid = await raw.channel(b"T:daq:Scope")
    counts = {1: 0, 2: 3, 3: 9, 4: LONG, 5: LONG + 5}
    for subscription, count in list(counts.items())[:3]:
        await raw.stream.send(subscribe(sid, subscription, DOUBLE, count))
        assert len((await raw.until(1))[5]) == 8 * max(count, 1)  # libca drops an event without a body
    waves.apply(wave_update({"Scope": ramp(6, 4.0)}))
    numbers = [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    for expected in (numbers, numbers[:3], [*numbers, 0.0, 0.0, 0.0]):
        _command, _type, count, status, _subscription, payload = await raw.until(1)
        assert (status, list(struct.unpack(f">{count}d", payload))) == (1, expected)
    for subscription in (4, 5):  # in headers of the large form
        await raw.stream.send(message(15, DOUBLE, counts[subscription], sid, subscription))
        _command, _type, count, status, _ioid, payload = await raw.until(15)
        assert (count, status, len(payload)) == (LONG, 1, 8 * LONG)
        assert np.array_equal(np.frombuffer(payload, ">f8", 7), [*numbers, 0.0])
        assert not np.any(np.frombuffer(payload, ">f8")[6:])


async def test_large_headers_say_how_many_elements_each_monitor_asked_for(waves: ChannelAccessAdapter, raw: RawClient):
    sid = await raw.channel(b"T:daq:Scope")
    counts = {1: LONG, 2: 20_000, 3: 0, 4: 5}
    for subscription, count in counts.items():
        await raw.stream.send(subscribe(sid, subscription, DOUBLE, count))
        await raw.until(1)
    waves.apply(wave_update({"Scope": ramp(30_000)}))
    for subscription, asked in counts.items():
        _command, _type, count, _status, told, payload = await raw.until(1)
        assert (told, count, len(payload)) == (subscription, asked or 30_000, 8 * (asked or 30_000))
        there = min(count, 30_000)
        assert np.array_equal(np.frombuffer(payload, ">f8", there), np.arange(there))


@pytest.mark.parametrize("count", [8190, 8191, LONG])
async def test_sizes_around_the_end_of_the_small_header(waves: ChannelAccessAdapter, raw: RawClient, count: int):
    sid = await raw.channel(b"T:daq:Scope")
    waves.apply(wave_update({"Scope": ramp(count)}))
    await raw.stream.send(subscribe(sid, 1, TIME_DOUBLE, 0) + subscribe(sid, 2, 2, 0))
    for place, kind in ((16, ">f8"), (0, ">f4")):
        _command, _type, number, _status, _subscription, payload = await raw.until(1)
        assert number == count
        assert np.array_equal(np.frombuffer(payload, kind, number, place), np.arange(count))


async def test_masks_and_buffers_decide_what_is_an_event(waves: ChannelAccessAdapter, reader: Any):
    for tag, mask in {"value": VALUE, "log": LOG, "alarm": ALARM, "both": VALUE | ALARM}.items():
        await reader.monitor("T:daq:Scope", tag=tag, events=mask, format="TIME")
    await reader.monitor("T:daq:Scope.NORD", tag="NORD")
    once = ramp(3, 1.0)

    async def step(values: memoryview, state: State) -> None:
        waves.apply(wave_update({"Scope": values}, state=state))
        await reader.get("T:daq:Scope")

    await step(once, State.GOOD)
    await step(once, State.GOOD)
    await step(once, State.HIGH)
    await step(ramp(3, 1.0), State.HIGH)
    await step(ramp(2, 1.0), State.GOOD)

    async def heard(tag: str, count: int) -> list[tuple[int, int]]:
        return [(len(event["value"]), event["severity"]) for event in (await reader.events(tag, count))[1:]]

    assert await heard("both", 5) == [(3, 0), (3, 1), (3, 1), (2, 0)]
    assert await heard("value", 4) == await heard("log", 4) == [(3, 0), (3, 1), (2, 0)]
    assert await heard("alarm", 4) == [(3, 0), (3, 1), (2, 0)]
    assert [event["value"] for event in await reader.events("NORD", 3)] == [0, 3, 2]


async def test_filters_pick_elements_and_leave_the_rest_to_the_client(waves: ChannelAccessAdapter, reader: Any):
    for tag, behind in {
        "slice": "VAL[1:2]",
        "steps": '{"arr":{"s":-3,"i":2}}',
        "deadband": '{"dbnd":{"abs":1e9}}',
        "now": 'VAL{"ts":{},"arr":{"s":1}}',
        "unknown": "VAL$",
    }.items():
        name = f"T:daq:Scope.{behind}"
        if tag == "unknown":
            with pytest.raises(RuntimeError):
                await reader.get(name, timeout=0.5)
            continue
        await reader.monitor(name, tag=tag, format="TIME")
    assert (await reader.ask("info", "T:daq:Scope.VAL[1:2]"))["count"] == 2
    for tick in range(3):
        waves.apply(wave_update({"Scope": ramp(4, tick)}, tick=tick))
        await reader.get("T:daq:Scope")
    for tag, places in {"slice": [1, 2], "steps": [1, 3], "deadband": [0, 1, 2, 3], "now": [1, 2, 3]}.items():
        events = (await reader.events(tag, 4))[1:]
        assert [event["value"] for event in events] == [[tick + place for place in places] for tick in range(3)]
    record = waves._records["T:daq:Scope"]
    for tag in ("slice", "steps", "deadband", "now"):
        await reader.ask("close", tag=tag)
    await reader.get("T:daq:Scope")
    waves.apply(wave_update({"Scope": ramp(1)}))
    assert not record.parts


async def test_numbers_beside_arrays_are_packed_and_every_kind_is_served_at_any_path(
    waves: ChannelAccessAdapter, reader: Any
):
    packed = {name: waves._records[f"T:daq:{name}"].packing(TIME_DOUBLE) is not None for name in NAMES}
    assert packed == dict.fromkeys(("Level", "Count", "Valve"), True) | dict.fromkeys(
        ("Scope", "Scope:Short", "Mode"), False
    )
    for name in NAMES:
        await reader.monitor(f"T:daq:{name}", tag=name)
    waves.apply(wave_update({"Scope": ramp(2), "Scope:Short": ramp(0), "Level": 1.5, "Count": 7, "Mode": "on"}))
    waves.apply(wave_update({"Valve": True}))
    shown = {name: (await reader.events(name, 2))[1]["value"] for name in NAMES if name != "Scope:Short"}
    assert shown == {"Scope": [0.0, 1.0], "Level": 1.5, "Count": 7, "Mode": "on", "Valve": 1}


async def test_what_many_monitors_of_one_array_wait_for_is_kept_once(
    waves: ChannelAccessAdapter, raw: RawClient, reader: Any
):
    sid = await raw.channel(b"T:daq:Scope")
    number = 200
    await raw.stream.send(b"".join(subscribe(sid, subscription, TIME_DOUBLE, 0) for subscription in range(number)))
    for _ in range(number):
        await raw.until(1)
    for tick in range(3):
        show(waves, tick)
        await reader.get("T:daq:Level")
    (circuit,) = [one for one in waves._server.circuits if one.outbox.coalesced]  # type: ignore[union-attr]
    bodies = {id(message[-1].obj) for message in circuit.outbox._pending.values()}  # type: ignore[union-attr]
    assert len(bodies) == 1
    waiting = circuit._connection._transport.get_write_buffer_size()
    assert waiting < 4 * 8 * LONG


async def test_an_array_reads_as_text_and_whole_numbers_too(waves: ChannelAccessAdapter, reader: Any):
    waves.apply(wave_update({"Scope": memoryview(np.array([1.25, -2.0006, 3e9, 0.0]))}))
    assert (await reader.get("T:daq:Scope", datatype="STRING"))["value"] == [
        "1.250",
        "-2.001",
        "3000000000.000",
        "0.000",
    ]
    assert (await reader.get("T:daq:Scope", datatype="LONG"))["value"] == [1, -2, 2**31 - 1, 0]
    assert (await reader.get("T:daq:Scope", count=2))["value"] == [1.25, -2.0006]
    control = await reader.get("T:daq:Scope:Short", format="CTRL")
    assert (control["upper_ctrl_limit"], control["lower_disp_limit"], control["value"]) == (1.0, -1.0, [])
    fields = {"NELM": LONG, "NORD": 4, "FTVL": 10, "RTYP": "waveform", "EGU": "V", "PREC": 3, "BUSY": 0}
    assert {field: (await reader.get(f"T:daq:Scope.{field}"))["value"] for field in fields} == fields


async def test_answers_are_as_small_as_the_environment_asks_for(
    waves: ChannelAccessAdapter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EPICS_CA_AUTO_ARRAY_BYTES", "NO")
    monkeypatch.setenv("EPICS_CA_MAX_ARRAY_BYTES", "20000")
    async with serving(waves) as endpoint:
        async with await anyio.connect_tcp("127.0.0.1", int(endpoint.rpartition(":")[2])) as stream:
            raw = RawClient(stream)
            await stream.send(VERSION)
            sid = await raw.channel(b"T:daq:Scope")
            waves.apply(wave_update({"Scope": ramp(3000)}))
            await stream.send(message(15, DOUBLE, 0, sid, 1))
            assert (await raw.until(11))[4] == 72  # ECA_TOLARGE
            await stream.send(message(15, DOUBLE, 2000, sid, 1))
            assert (await raw.until(15))[2] == 2000
