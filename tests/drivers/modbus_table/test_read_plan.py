"""Which reads make up a sweep: blocks, gaps, sizes, what is slow, and what becomes of a refusal."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.modbus_table.addresses import Span, Table
from gateway.drivers.modbus_table.read_plan import EVERY_SWEEP, ONCE, Block, plan_reads, sweep_exchanges
from gateway.drivers.modbus_table.schedule import RETRY_S, ReadSchedule
from gateway.drivers.modbus_table.table import resolve_table
from gateway.model.readings import ProtocolKind
from gateway.model.wire_time import WireExchange
from tests.drivers.modbus_table.tables import settings_of

COIL, DISCRETE, INPUT, HOLDING = Table


def blocks_of(channels: dict[str, Any], **keys: Any) -> list[tuple[str, int, int, float]]:
    settings = settings_of(channels, **keys)
    blocks = plan_reads(resolve_table(settings), settings)
    return [(block.span.table.key, block.span.address, block.span.count, block.every_s) for block in blocks]


def test_neighbours_are_read_together_and_gaps_are_not_read_unless_allowed() -> None:
    channels = {
        "A": {"at": "input 0", "type": "f32"},
        "B": {"at": "input 2", "type": "f32"},
        "C": {"at": "input 10"},
        "D": {"at": "holding 10"},
        "E": {"at": "coil 3"},
        "F": {"at": "coil 4"},
    }
    apart = [("coil", 3, 2, 0.0), ("input", 0, 4, 0.0), ("input", 10, 1, 0.0), ("holding", 10, 1, 0.0)]
    assert blocks_of(channels) == apart
    joined = [("coil", 3, 2, 0.0), ("input", 0, 11, 0.0), ("holding", 10, 1, 0.0)]
    assert blocks_of(channels, gaps="allowed") == joined
    assert blocks_of(channels, gaps="allowed", largest_read=10) == apart


def test_a_gap_that_costs_more_than_a_request_is_not_read() -> None:
    far = {"A": {"at": "input 0"}, "B": {"at": "input 100"}}
    assert len(blocks_of(far, gaps="allowed")) == 2


def test_what_is_slow_is_read_apart_but_its_status_in_every_sweep() -> None:
    channels = {
        "A": {"at": "input 0"},
        "B": {"at": "input 1", "every_s": 60.0, "status": {"fault": [{"at": "input 2", "bit": 0}]}},
        "C": {"at": "input 3", "once": True},
    }
    assert blocks_of(channels) == [
        ("input", 0, 1, 0.0),
        ("input", 2, 1, 0.0),
        ("input", 1, 1, 60.0),
        ("input", 3, 1, ONCE),
    ]


def test_a_register_is_read_once_for_all_its_bits() -> None:
    channels = {f"B{bit}": {"at": "holding 7", "bit": bit} for bit in range(16)}
    assert blocks_of(channels) == [("holding", 7, 1, 0.0)]


def test_bytes_for_the_time_budget() -> None:
    settings = settings_of({"A": {"at": "input 0", "type": "f32"}, "B": {"at": "coil 0"}, "C": {"at": "input 9"}})
    blocks = plan_reads(resolve_table(settings), settings)
    assert sweep_exchanges(blocks, ProtocolKind.MODBUS_RTU) == (
        WireExchange(8, 6),
        WireExchange(8, 9),
        WireExchange(8, 7),
    )
    assert sweep_exchanges(blocks[:1], ProtocolKind.MODBUS_ASCII) == (WireExchange(17, 13),)
    assert sweep_exchanges(blocks[:1], ProtocolKind.MODBUS_TCP) == (WireExchange(12, 10),)
    slow = settings_of(
        {"A": {"at": "input 0"}}
        | {f"S{n}": {"at": f"input {10 * n}", "type": "string", "length": 4 * n, "every_s": 9.0} for n in (1, 2)}
    )
    counted = sweep_exchanges(plan_reads(resolve_table(slow), slow), ProtocolKind.MODBUS_RTU)
    assert counted == (WireExchange(8, 7), WireExchange(8, 13))


KINDS = {"u16": 1, "f32": 2, "f64": 4}


@given(
    st.dictionaries(st.integers(0, 300), st.sampled_from(list(KINDS)), min_size=1, max_size=40),
    st.sampled_from(["none", "allowed"]),
    st.integers(4, 125),
)
def test_every_value_is_read_whole_and_no_read_is_too_large(taken: dict[int, str], gaps: str, largest: int) -> None:
    channels = {f"C{address}": {"at": f"holding {address}", "type": kind} for address, kind in taken.items()}
    settings = settings_of(channels, gaps=gaps, largest_read=largest)
    blocks = plan_reads(resolve_table(settings), settings)
    wanted = {address + offset for address, kind in taken.items() for offset in range(KINDS[kind])}
    read: set[int] = set()
    for block in blocks:
        assert 1 <= block.span.count <= largest
        read.update(range(block.span.address, block.span.end))
        for piece in block.pieces:
            assert block.span.address <= piece.address < piece.end <= block.span.end
    assert {piece.address for block in blocks for piece in block.pieces} == set(taken)
    assert wanted <= read
    if gaps == "none":
        assert wanted == read


def spans(*addresses: int) -> tuple[Span, ...]:
    return tuple(Span(INPUT, address) for address in addresses)


def test_what_is_refused_is_cut_at_the_widest_gap_else_in_the_middle() -> None:
    assert [half.pieces for half in Block(spans(0, 1, 2, 3)).halves()] == [spans(0, 1), spans(2, 3)]
    assert [half.pieces for half in Block(spans(0, 1, 5, 6, 7, 20)).halves()] == [spans(0, 1, 5, 6, 7), spans(20)]
    halves = Block(spans(0, 1, 5, 6), ONCE).halves()
    assert [(half.pieces, half.every_s) for half in halves] == [(spans(0, 1), ONCE), (spans(5, 6), ONCE)]


class Sweeps:
    """A schedule under time that passes one second per sweep."""

    def __init__(self, *blocks: Block, sweep_s: float = 1.0) -> None:
        self.schedule = ReadSchedule(blocks)
        self.now_ns = 1_000_000_000
        self.sweep_ns = round(sweep_s * 1e9)

    def next(self) -> list[Block]:
        blocks = self.schedule.next_sweep()
        self.schedule.swept(blocks, self.now_ns)
        self.now_ns += self.sweep_ns
        return blocks


CYCLIC, SLOW, SLOWER, STATIC = Block(spans(0)), Block(spans(1), 5), Block(spans(2), 10), Block(spans(3), ONCE)


def test_slow_blocks_come_one_per_sweep_and_at_their_own_pace() -> None:
    sweeps = Sweeps(CYCLIC, SLOW, SLOWER, STATIC)
    seen = [sweeps.next() for _ in range(43)]
    assert all(blocks[-1] is CYCLIC for blocks in seen)
    assert all(len(blocks) <= 2 for blocks in seen)
    assert sum(STATIC in blocks for blocks in seen) == 1
    for block, pace in ((SLOW, 5), (SLOWER, 10)):
        places = [place for place, blocks in enumerate(seen) if block in blocks]
        assert places[0] <= 2
        assert all(pace <= late - early <= pace + 1 for early, late in pairwise(places))


def test_what_misses_half_of_its_pace_is_read_beside_another() -> None:
    many = [Block(spans(10 + number), 2) for number in range(8)]
    sweeps = Sweeps(CYCLIC, *many)
    seen = [sweeps.next() for _ in range(60)]
    for block in many:
        places = [place for place, blocks in enumerate(seen) if block in blocks]
        assert all(late - early <= 4 for early, late in pairwise(places[1:]))


def test_after_a_loss_what_is_static_is_read_again() -> None:
    sweeps = Sweeps(CYCLIC, STATIC)
    assert [STATIC in sweeps.next() for _ in range(3)] == [True, False, False]
    sweeps.schedule.interrupted()
    assert [STATIC in sweeps.next() for _ in range(3)] == [True, False, False]


def test_what_is_refused_is_asked_for_again_after_a_minute() -> None:
    sweeps = Sweeps(CYCLIC, Block(spans(30)), SLOW)
    sweeps.next()
    assert sweeps.schedule.set_refused(CYCLIC, refused=True)
    assert not sweeps.schedule.set_refused(CYCLIC, refused=True)
    seen = [sweeps.next() for _ in range(200)]
    asked = [place for place, blocks in enumerate(seen) if CYCLIC in blocks]
    assert all(RETRY_S <= late - early <= RETRY_S + 2 for early, late in pairwise(asked))
    assert len(asked) >= 2
    assert sweeps.schedule.set_refused(CYCLIC, refused=False)
    assert CYCLIC in sweeps.next()


def test_halves_take_the_place_of_what_was_refused() -> None:
    whole = Block(spans(0, 1, 2, 3), EVERY_SWEEP)
    sweeps = Sweeps(whole, STATIC)
    sweeps.next()
    sweeps.schedule.take_apart(whole)
    assert sweeps.next() == [Block(spans(0, 1)), Block(spans(2, 3))]
