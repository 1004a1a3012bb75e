from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.driver import DRIVER
from gateway.model.readings import ProtocolKind
from gateway.settings.load import check_settings, load_settings
from gateway.settings.time_budget import TIGHT, BudgetShare, BusBudget, budget_table

SWEEPS = st.lists(st.floats(1e-4, 100), min_size=1, max_size=30)


def test_a_sweep_costs_its_bytes_gaps_and_turnarounds(tmp_path: Path, working: str):
    path = tmp_path / "f.yaml"
    path.write_text(working.replace("driver:", "rate_hz: 0.25\n    driver:"))
    settings = load_settings(path, environ={})
    (budget,) = check_settings(settings).budgets
    exchanges = DRIVER.exchanges(settings.analysers["stack1"].options, ProtocolKind.MODBUS_RTU)
    bytes_sent = sum(exchange.request + exchange.answer for exchange in exchanges)
    expected = bytes_sent * 10 / 19200 + len(exchanges) * (0.050 + 0.030)
    (share,) = budget.shares
    assert (budget.bus, share.analyser, share.rate_hz) == ("line1", "stack1", 0.25)
    assert share.sweep_s == pytest.approx(expected)
    assert budget.load == pytest.approx(expected / 4)


@given(sweeps=SWEEPS)
def test_the_proposed_rate_fits_and_is_not_far_below_the_most_that_does(sweeps: list[float]):
    shares = tuple(BudgetShare(f"a{number}", 1.0, sweep) for number, sweep in enumerate(sweeps))
    rate = BusBudget("line", ProtocolKind.MODBUS_RTU, shares).fitting_rate_hz
    load = sum(sweeps) * rate
    assert TIGHT * 0.9 <= load <= TIGHT * (1 + 1e-9)
    assert float(f"{rate:.2g}") == rate


def test_a_bus_without_traffic_takes_any_rate():
    assert BusBudget("line", ProtocolKind.MODBUS_TCP, ()).fitting_rate_hz == math.inf
    assert BusBudget("line", ProtocolKind.MODBUS_TCP, ()).load == 0


def test_the_proposed_rate_is_accepted_without_a_warning(problems_of: Callable[..., list[str]], working: str):
    working = working.replace("opcua:", "opcua: {anonymous: observer}")
    (problem,) = problems_of(working.replace("driver:", "rate_hz: 50\n    driver:"))
    proposed = problem.partition("rate_hz: ")[2].split()[0]
    assert problems_of(working.replace("driver:", f"rate_hz: {proposed}\n    driver:")) == []
    assert check_settings(load_settings(Path("f.yaml"), environ={})).warnings == ()


def test_a_tight_bus_is_a_warning(problems_of: Callable[..., list[str]], working: str):
    working = working.replace("opcua:", "opcua: {anonymous: observer}")
    assert problems_of(working.replace("driver:", "rate_hz: 2.7\n    driver:")) == []
    report = check_settings(load_settings(Path("f.yaml"), environ={}))
    assert TIGHT < report.budgets[0].load < 1
    (warning,) = report.warnings
    assert warning.startswith("f.yaml:3: buses.line1 needs 0.")
    assert warning.endswith(", which leaves little for repeats; rate_hz: 2.5 fits for each of them")


def test_a_broadcast_is_charged_at_its_frame_interval(problems_of: Callable[..., list[str]], working: str):
    text = working.replace("modbus-rtu", "continuous, baudrate: 2400").replace(
        "driver:", "frame_interval_s: 10\n    driver:"
    )
    assert problems_of(text) == []
    (share,) = check_settings(load_settings(Path("f.yaml"), environ={})).budgets[0].shares
    assert share.rate_hz == pytest.approx(0.1)
    (frame,) = DRIVER.exchanges(load_settings(Path("f.yaml")).analysers["stack1"].options, ProtocolKind.CONTINUOUS)
    assert share.sweep_s == pytest.approx(frame.answer * 10 / 2400)


def test_the_table_shows_every_analyser_and_the_sum_of_each_bus():
    budgets = [
        BusBudget(
            "line1",
            ProtocolKind.MODBUS_RTU,
            (BudgetShare("stack1", 0.5, 0.339), BudgetShare("north-flue", 1.0, 0.2)),
        ),
        BusBudget("spare", ProtocolKind.MODBUS_TCP, ()),
    ]
    assert budget_table(budgets).splitlines() == [
        "bus    analyser    rate/Hz  sweep/s  busy",
        "line1  stack1          0.5    0.339   17%",
        "line1  north-flue        1    0.200   20%",
        "line1  all                            37%",
        "spare  all                             0%",
    ]
