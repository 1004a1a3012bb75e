from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.read_plan import ReadPlan, Table, full_plan, plan_exchanges, strict_plan
from gateway.model.readings import ProtocolKind
from tests.drivers.servomex4100.frames import SLOT_IDS

BENCH = ("I1", "I2", "I3", "E1", "E2")
VECTORS = json.loads((Path(__file__).parents[2] / "vectors/servomex-modbus-vectors.json").read_text())


def spans(plan: ReadPlan, table: Table):
    return [(read.address, read.count) for read in plan.reads if read.table is table]


def test_the_full_plan_is_three_reads():
    plan = full_plan(BENCH)
    assert spans(plan, Table.INPUT_REGISTERS) == [(0, 70)]
    assert spans(plan, Table.DISCRETE_INPUTS) == [(1000, 16), (0, 80)]


def test_the_strict_plan_of_the_bench_unit():
    plan = strict_plan(BENCH)
    assert spans(plan, Table.INPUT_REGISTERS) == [(0, 21), (56, 14)]
    assert spans(plan, Table.DISCRETE_INPUTS) == [(1000, 16), (0, 24), (64, 16)]
    assert [read.table for read in plan.reads[-2:]] == [Table.INPUT_REGISTERS] * 2, "the values come last"


@given(st.lists(st.sampled_from(SLOT_IDS), unique=True))
def test_the_strict_plan_touches_all_wanted_slots_and_no_other(wanted: list[str]):
    plan = strict_plan(wanted)
    assert plan.channels == tuple(wanted)
    for table, stride in ((Table.INPUT_REGISTERS, 7), (Table.DISCRETE_INPUTS, 8)):
        read = [
            address for start, count in spans(plan, table) for address in range(start, start + count) if start < 1000
        ]
        expected = [stride * SLOT_IDS.index(slot) + offset for slot in wanted for offset in range(stride)]
        assert sorted(read) == sorted(expected)
        assert len(spans(plan, table)) <= 5 + 1


@pytest.mark.parametrize("make", [full_plan, strict_plan])
def test_unknown_and_repeated_channels_are_refused(make: Callable[[Sequence[str]], ReadPlan]):
    with pytest.raises(ValueError, match="no channel 'I5'"):
        make(["I1", "I5"])
    with pytest.raises(ValueError, match="twice"):
        make(["I1", "I1"])


@pytest.mark.parametrize(
    ("protocol", "key"),
    [(ProtocolKind.MODBUS_RTU, "rtu"), (ProtocolKind.MODBUS_ASCII, "ascii"), (ProtocolKind.MODBUS_TCP, "tcp")],
)
def test_sizes_are_those_of_the_reference_bytes(protocol: ProtocolKind, key: str):
    size = len if key == "ascii" else lambda text: len(text) // 2
    expected = [(size(read["request"]), size(read["response"])) for read in VECTORS[key][2::-1]]
    assert [(cost.request, cost.answer) for cost in plan_exchanges(full_plan(BENCH), protocol)] == expected


def test_continuous_mode_has_no_transactions():
    with pytest.raises(ValueError, match="continuous"):
        plan_exchanges(full_plan(BENCH), ProtocolKind.CONTINUOUS)
