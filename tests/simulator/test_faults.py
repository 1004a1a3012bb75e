from __future__ import annotations

import pytest

from gateway.simulator.faults import Fault, FaultBoard, FaultKind


@pytest.mark.parametrize(
    ("fault", "active_at"),
    [
        (Fault(FaultKind.FAULT, "I1"), {0, 5, 10, 15, 20, 25}),
        (Fault(FaultKind.FAULT, "I1", start_s=10), {10, 15, 20, 25}),
        (Fault(FaultKind.FAULT, "I1", start_s=5, duration_s=6), {5, 10}),
        (Fault(FaultKind.FAULT, "I1", start_s=5, duration_s=5, period_s=10), {5, 15, 25}),
    ],
)
def test_schedule(fault: Fault, active_at: set[int]) -> None:
    assert {second for second in range(0, 30, 5) if fault.active(second)} == active_at


def test_switching_off_ends_a_schedule_too() -> None:
    board = FaultBoard((Fault(FaultKind.ALARM_1, "I1", duration_s=5, period_s=10), Fault(FaultKind.ALARM_1, "I2")))
    board.remove(FaultKind.ALARM_1, "I1")
    assert board.active("I1", 0) == frozenset()
    assert board.active("I2", 0) == {FaultKind.ALARM_1}


def test_adding_twice_counts_once() -> None:
    board = FaultBoard()
    for _ in range(3):
        board.add(Fault(FaultKind.SILENT))
    board.remove(FaultKind.SILENT, None)
    assert board.active(None, 0) == frozenset()
