"""The judge condemns what is wrong: a judge that never does would prove nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.model.readings import ProtocolKind
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from tests.faults.evidence import CHANNELS, Evidence
from tests.faults.fault_menu import Recipe
from tests.faults.stack import RATE_HZ, Stack, WireMode, running_stack
from tests.faults.wire_faults import OneBehind

RTU = WireMode(ProtocolKind.MODBUS_RTU, serial=False)


class Last:
    """Keeps the last good Update of the first analyser."""

    def __init__(self) -> None:
        self.update: Update | None = None

    def apply(self, update: Update) -> None:
        if update.group == 0:
            self.update = update


async def a_good_update(stack: Stack) -> Update:
    """An Update that the judge has just found right."""
    last = Last()
    stack.hub.subscribe(last)
    with anyio.fail_after(10):
        while last.update is None:
            await stack.evidence.published()
    assert not stack.evidence.wrong
    return last.update


def swapped(values: Sequence[Value], one: int, other: int) -> list[Value]:
    changed = list(values)
    changed[one], changed[other] = changed[other], changed[one]
    return changed


def judged_after_a_poll(evidence: Evidence, stack: Stack, update: Update, **changes: Any) -> list[str]:
    """What the judge says if this came out of another poll."""
    stack.summaries[0].samples_emitted += 1
    stack.summaries[0].scheduled += 1
    evidence.apply(replace(update, **changes))
    said, evidence.wrong = evidence.wrong, []
    return said


async def test_each_kind_of_wrong_value_is_noticed(tmp_path: Path, clock: SystemClock) -> None:
    async with running_stack(RTU, tmp_path, clock) as stack:
        update = await a_good_update(stack)
        points = [point.path for point in stack.site.devices[0].groups[0].points]
        first, second = (points.index((channel, "Value")) for channel in CHANNELS[:2])
        evidence = stack.evidence

        evidence.apply(update)
        assert "published again without a poll" in evidence.wrong.pop()

        def said(values: Sequence[Value]) -> str:
            return "; ".join(judged_after_a_poll(evidence, stack, update, values=values))

        assert "outside of its range" in said(swapped(update.values, first, second))
        assert "is called" in said(swapped(update.values, first + 1, second + 1))
        alarm = points.index((CHANNELS[0], "Alarm1"))
        assert "shows the alarms" in said([*update.values[:alarm], False, *update.values[alarm + 1 :]])
        assert "before the last poll had ended" in said(update.values)


@pytest.mark.parametrize("settles", [True, False])
async def test_a_bus_that_does_not_settle_publishes_what_belongs_elsewhere(
    settles: bool, tmp_path: Path, clock: SystemClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same line, one answer behind; only the echo that makes sure of it is left out."""

    async def trusting(_bus: SharedModbusBus, _address: object) -> None:
        """Take whatever comes next for the answer."""

    if not settles:
        monkeypatch.setattr(SharedModbusBus, "_settle", trusting)
    async with running_stack(RTU, tmp_path, clock) as stack:
        await stack.break_answers(Recipe(OneBehind, (2,)))
        await anyio.sleep(6 / RATE_HZ)
        assert bool(stack.evidence.wrong) is not settles
