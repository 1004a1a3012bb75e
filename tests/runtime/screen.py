"""Northbound servers without a protocol: one objects to what must never be shown, the other is in trouble itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import TaskStatus

from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.update import Update
from gateway.model.value import Value
from tests.runtime.ladder import Step

_COUNTS = 7
"""The first of the acquisition counters; the others are measures."""


@dataclass
class Screen:
    """Shows the first channel of every analyser.

    Attributes:
        steps: Changes of its state, by analyser.
        objections: What must not have been shown.
    """

    site: SiteSpec
    stale_s: float
    endpoints: tuple[str, ...] = ()
    steps: dict[str, list[Step]] = field(default_factory=dict)
    objections: list[str] = field(default_factory=list)
    _good: dict[str, tuple[int, Value]] = field(default_factory=dict)
    _counts: dict[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._groups = self.site.groups

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        task_status.started()
        await anyio.sleep_forever()

    def apply(self, update: Update) -> None:
        group = self._groups[update.group]
        if group.name == "Acquired":
            self._show(group.device, update)
        elif group.name == "Diagnostics":
            self._count(group.device, update)

    def _show(self, device: str, update: Update) -> None:
        steps = self.steps.setdefault(device, [])
        now_ns, state, value = update.stamp.monotonic_ns, update.states[0], update.values[0]
        if steps and steps[-1].state is State.GOOD and now_ns - self._good[device][0] > self.stale_s * 1e9:
            self.objections.append(f"{device}: good until {now_ns / 1e9} s, fresh at {self._good[device][0] / 1e9} s")
        if state is State.GOOD:
            self._good[device] = now_ns, value
        elif device in self._good and value != self._good[device][1]:
            self.objections.append(f"{device}: {value!r} under {state} is not the last good value")
        if not steps or steps[-1].state is not state:
            steps.append(Step(now_ns, state))

    def _count(self, device: str, update: Update) -> None:
        counts: Sequence[Any] = update.values[:_COUNTS]
        scheduled, emitted, dropped, late = counts[:4]
        if scheduled != emitted + dropped + late:
            self.objections.append(f"{device}: {counts} do not add up")
        if any(new < old for new, old in zip(counts, self._counts.get(device, counts), strict=True)):
            self.objections.append(f"{device}: {self._counts[device]} became {counts}")
        self._counts[device] = counts


class TroubledServer(Screen):
    """Cannot take updates in the first minute of every hour."""

    def apply(self, update: Update) -> None:
        if update.stamp.monotonic_ns // 10**9 % 3600 < 60:
            raise RuntimeError("a bug of the server")
