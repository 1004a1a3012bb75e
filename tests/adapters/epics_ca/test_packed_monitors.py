"""Packed rows put the same bytes on the wire as events that are told one by one, whatever happens."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.delivery import Delivery
from gateway.adapters.epics_ca.monitors import Monitor, Outbox
from gateway.adapters.epics_ca.record_factory import make_records
from gateway.adapters.epics_ca.records import DEFAULT_ALARMS, Record
from gateway.adapters.epics_ca.row_form import row_form
from gateway.adapters.epics_ca.values import ReadOnlyValue
from gateway.model.points import PointSpec, ValueKind
from gateway.model.quality import State

KINDS = (ValueKind.FLOAT, ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.BOOLEAN, ValueKind.TEXT, ValueKind.INTEGER)
POINTS = [PointSpec((f"P{index}",), kind, "") for index, kind in enumerate(KINDS)]
NUMBERS = [index for index, kind in enumerate(KINDS) if kind is not ValueKind.TEXT]
TYPES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 15, 16, 17, 18, 19, 20, 27, 34)
HEADER = struct.Struct(">HHHHII")
VALUE, ALARM = 1, 4

Step = Callable[["World"], None]


class Wire:
    """Takes what is written."""

    def __init__(self) -> None:
        self.writable = True
        self.on_writable: Callable[[], None] = lambda: None
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


class World:
    """One client of one group, in the loop that runs; a neighbour is a client of the same group."""

    def __init__(self, neighbour: World | None = None) -> None:
        self.wire = Wire()
        names = [point.path[0] for point in POINTS]
        self.records = make_records(names, POINTS, 1_700_000_000_000_000, DEFAULT_ALARMS)
        self.delivery = Delivery()
        if neighbour is not None:
            self.records, self.delivery = neighbour.records, neighbour.delivery
        self.outbox = Outbox(self.wire, self.delivery)  # type: ignore[arg-type]
        self.monitors: dict[int, Monitor] = {}
        self.ticks = 0

    def subscribe(self, subscription: int, index: int, dbr_type: int, mask: int) -> None:
        self.unsubscribe(subscription)
        monitor = Monitor(self.records[index], (dbr_type, 1), subscription, mask, self.outbox)
        self.monitors[subscription] = monitor
        monitor.begin()

    def unsubscribe(self, subscription: int) -> None:
        monitor = self.monitors.pop(subscription, None)
        if monitor is not None:
            monitor.end()

    def update(self, values: Sequence[Any], states: Sequence[State], changed: Sequence[int]) -> None:
        self.ticks += 1
        self.records[0].values.apply(values, states, changed, (self.ticks, self.ticks * 1000))


def run(steps: Sequence[Step], *, packed: bool, flushing: bool) -> tuple[list[bytes], int]:
    """What is written, one item per flush, and how many events gave way."""

    async def live() -> World:
        world = World()
        for step in steps:
            step(world)
            if flushing:
                world.outbox.flush()
        world.outbox.hold(held=False)
        return world

    with pytest.MonkeyPatch.context() as patch:
        if not packed:
            patch.setattr(Record, "packing", ReadOnlyValue.packing)
        world = asyncio.run(live())
    return world.wire.written, world.outbox.coalesced


def by_subscription(data: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    while data:
        end = HEADER.size + HEADER.unpack_from(data)[1]
        found.setdefault(HEADER.unpack_from(data)[5], []).append(data[:end])
        data = data[end:]
    return found


_VALUE: dict[ValueKind, st.SearchStrategy[Any]] = {
    ValueKind.FLOAT: st.sampled_from([0.0, -0.0, 1.5, -7.9, 1e300, float("nan"), float("inf"), 3.5e38]) | st.floats(),
    ValueKind.INTEGER: st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63, 10**400, -(2**31) - 1, 70_000]),
    ValueKind.BOOLEAN: st.booleans(),
    ValueKind.TEXT: st.sampled_from(["", "O2", "1.5", "n" * 60]),
}
values = st.tuples(*(st.none() | _VALUE[kind] for kind in KINDS))
state = st.sampled_from([State.GOOD, State.HIGH, State.HIGH_HIGH, State.COMMUNICATION_LOST, State.WAITING])
states = st.lists(state, min_size=len(KINDS), max_size=len(KINDS)) | state.map(lambda one: [one] * len(KINDS))
subsets = st.just(range(len(KINDS))) | st.sets(st.integers(0, len(KINDS) - 1)).map(sorted)
subscriptions = st.integers(0, 9)
masks = st.sampled_from([VALUE, ALARM, VALUE | ALARM, 2, 8, 15])


def subscribing(types: st.SearchStrategy[int], to: Sequence[int]) -> st.SearchStrategy[Step]:
    made = st.tuples(subscriptions, st.sampled_from(to), types, masks)
    return made.map(lambda given: lambda world: world.subscribe(*given))


updating: st.SearchStrategy[Step] = st.tuples(values, states, subsets).map(
    lambda given: lambda world: world.update(*given)
)
leaving: st.SearchStrategy[Step] = subscriptions.map(lambda one: lambda world: world.unsubscribe(one))
waiting: st.SearchStrategy[Step] = st.sampled_from(
    [lambda world: world.outbox.flush(), *(lambda world, held=held: world.outbox.hold(held=held) for held in (0, 1))]
)


@given(
    st.sampled_from(TYPES).flatmap(
        lambda one: st.lists(subscribing(st.just(one), NUMBERS) | updating | leaving, max_size=25)
    )
)
def test_the_same_bytes_in_the_same_order(steps: list[Step]) -> None:
    assert run(steps, packed=True, flushing=True) == run(steps, packed=False, flushing=True)


@given(st.lists(subscribing(st.sampled_from(TYPES), range(len(KINDS))) | updating | leaving | waiting, max_size=40))
def test_clients_that_hold_back_get_the_same_messages(steps: list[Step]) -> None:
    (rows, gone), (one_by_one, also_gone) = (run(steps, packed=packed, flushing=False) for packed in (True, False))
    assert [by_subscription(data) for data in rows if data] == [by_subscription(data) for data in one_by_one]
    assert gone == also_gone


@given(
    st.lists(
        st.tuples(st.integers(0, 1), subscribing(st.sampled_from((20, 20, 6, 17)), NUMBERS) | leaving | waiting)
        | st.tuples(st.none(), updating),
        max_size=40,
    )
)
def test_clients_that_share_rows_get_what_each_would_get_alone(steps: list[tuple[int | None, Step]]) -> None:
    async def live(worlds: Sequence[World], *, shared: bool) -> list[tuple[list[bytes], int]]:
        for who, step in steps:
            concerned = [worlds[who]] if who is not None else worlds[:1] if shared else worlds
            for world in concerned:
                step(world)
            await asyncio.sleep(0)
        for world in worlds:
            world.outbox.hold(held=False)
        return [(world.wire.written, world.outbox.coalesced) for world in worlds]

    async def together() -> list[tuple[list[bytes], int]]:
        first = World()
        return await live([first, World(first)], shared=True)

    async def apart() -> list[tuple[list[bytes], int]]:
        return await live([World(), World()], shared=False)

    assert asyncio.run(together()) == asyncio.run(apart())


@pytest.mark.parametrize("packed", [True, False])
def test_of_alarms_that_are_equally_bad_the_last_comes_before_the_newest_event(*, packed: bool) -> None:
    states = (State.HIGH_HIGH, State.GOOD, State.HIGH, State.HIGH_HIGH, State.GOOD)
    steps: list[Step] = [lambda world: world.subscribe(7, 0, 20, VALUE | ALARM), lambda world: world.outbox.flush()]
    for number, one in enumerate(states):
        told = [float(number)] * 3 + [None] * 3, [one] * 6, range(6)
        steps.append(lambda world, told=told: world.update(*told))  # type: ignore[misc]
    (_first, rest), coalesced = run(steps, packed=packed, flushing=False)
    assert [struct.unpack(">d", message[-8:]) for message in by_subscription(rest)[7]] == [(3.0,), (4.0,)]
    assert coalesced == 4


def test_numbers_and_flags_are_packed_and_texts_are_not() -> None:
    packed = {dbr_type for dbr_type in range(40) if row_form(dbr_type) is not None}
    assert packed == {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20}
    records = make_records([point.path[0] for point in POINTS], POINTS, 0, DEFAULT_ALARMS)
    assert [record.packing(20) is not None for record in records] == [True, True, True, True, False, True]
