"""Does what is asked of a bus fit on its wire?

Bytes, idle gaps and turnarounds of every sweep against the rates asked for. Retries are not in it: what is left over up
to a full bus is what they have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.ports import WireDriver
from gateway.settings.analyser_checks import FASTEST_HZ, SLOWEST_HZ, usable_driver
from gateway.settings.draft import Draft, Entry
from gateway.settings.problems import Problems

FULL = 1.0
TIGHT = 0.85
"""Share of the time from which there is too little left for a repeated request."""


@dataclass(frozen=True, slots=True)
class BudgetShare:
    """What one analyser needs of its bus.

    Attributes:
        analyser: Its name.
        rate_hz: Sweeps or frames per second.
        sweep_s: Seconds that one of them keeps the wire busy.
    """

    analyser: str
    rate_hz: float
    sweep_s: float

    @property
    def load(self) -> float:
        """Share of the time."""
        return self.rate_hz * self.sweep_s


@dataclass(frozen=True, slots=True)
class BusBudget:
    """What is asked of one bus.

    Attributes:
        bus: Its name.
        protocol: Framing on the wire.
        shares: One per analyser, in the order of the file.
    """

    bus: str
    protocol: ProtocolKind
    shares: tuple[BudgetShare, ...]

    @property
    def load(self) -> float:
        """Seconds of traffic asked for per second."""
        return sum(share.load for share in self.shares)

    @property
    def fitting_rate_hz(self) -> float:
        """Highest rate, for all analysers alike, that leaves room for a repeat; two digits, rounded down."""
        sweeps = sum(share.sweep_s for share in self.shares)
        return _round_down(TIGHT / sweeps) if sweeps else math.inf


def _round_down(rate: float) -> float:
    digit = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return float(f"{math.floor(rate / digit + 1e-9) * digit:.2g}")


def bus_budgets(draft: Draft) -> tuple[BusBudget, ...]:
    """Budget of every bus that could be read, over the analysers that could be read."""
    budgets: list[BusBudget] = []
    for name, spec in (draft.buses or {}).items():
        if spec is None or spec.baudrate <= 0 or min(spec.idle_gap_ms, spec.turnaround_ms) < 0:
            continue
        shares = [_share(analyser, entry, spec) for analyser, entry in draft.on(name).items()]
        budgets.append(BusBudget(name, spec.protocol, tuple(share for share in shares if share is not None)))
    return tuple(budgets)


def _share(name: str, entry: Entry, spec: BusSpec) -> BudgetShare | None:
    driver = usable_driver(entry, spec.protocol)
    if (
        not isinstance(driver, WireDriver)
        or entry.options is None
        or entry.common is None
        or driver.check(entry.options, spec.protocol)
    ):
        return None
    if not SLOWEST_HZ <= entry.common.rate_hz <= FASTEST_HZ:
        return None
    sweep_s = spec.timing.sweep_s(driver.exchanges(entry.options, spec.protocol))
    if spec.protocol is not ProtocolKind.CONTINUOUS:
        return BudgetShare(name, entry.common.rate_hz, sweep_s)
    interval_s = driver.describe(entry.options, spec.protocol).frame_interval_s
    return BudgetShare(name, 1 / interval_s, sweep_s) if interval_s else None


def check_budgets(budgets: Sequence[BusBudget], problems: Problems) -> None:
    """Report every bus of which too much is asked."""
    for budget in budgets:
        if budget.load <= TIGHT:
            continue
        path = ("buses", budget.bus)
        if budget.protocol is ProtocolKind.CONTINUOUS:
            share = max(budget.shares, key=lambda share: share.load)
            what = (
                f"buses.{budget.bus}: a frame of {share.analyser} takes {share.sweep_s:.3g} s of every "
                f"{1 / share.rate_hz:.3g} s"
            )
            remedy = "lengthen the frame interval on the analyser and here, or raise the baud rate on both"
        else:
            sweeps = ", ".join(
                f"{share.analyser} {share.sweep_s:.3g} s x {share.rate_hz:g} Hz" for share in budget.shares
            )
            what = f"buses.{budget.bus} needs {budget.load:.2f} s of traffic per second: {sweeps}"
            remedy = f"rate_hz: {budget.fitting_rate_hz:g} fits for each of them"
        if budget.load > FULL:
            problems.error(path, what, remedy)
        else:
            problems.warn(path, f"{what}, which leaves little for repeats", remedy)


def budget_table(budgets: Sequence[BusBudget]) -> str:
    """The budgets as text in columns: a line per analyser, and the sum of each bus."""
    rows = [("bus", "analyser", "rate/Hz", "sweep/s", "busy")]
    for budget in budgets:
        rows.extend(
            (budget.bus, share.analyser, f"{share.rate_hz:g}", f"{share.sweep_s:.3f}", f"{share.load:.0%}")
            for share in budget.shares
        )
        rows.append((budget.bus, "all", "", "", f"{budget.load:.0%}"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
