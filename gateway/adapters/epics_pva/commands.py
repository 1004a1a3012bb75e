"""Actions over pvAccess: the command PVs of an analyser, by which clients arm and confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import anyio
from p4p.server.raw import SharedPV

from gateway.adapters.epics_pva.last_values import LastValues
from gateway.adapters.epics_pva.normative_types import alarm_looks
from gateway.adapters.epics_pva.point_pv import PointPv
from gateway.adapters.epics_pva.poster import Poster
from gateway.adapters.epics_pva.puts import Job, Puts, Take
from gateway.model.actions import ActionSpec, ArgumentValue
from gateway.model.armings import Arming
from gateway.model.asker import Asker
from gateway.model.command_points import (
    CONFIRM,
    CONFIRMATION,
    REQUEST_STATES,
    command_path,
    command_point,
    commanded_actions,
)
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Clock
from gateway.model.two_step_commands import TwoStepCommands
from gateway.model.update import Update
from gateway.model.value import EMPTY_ARRAY, Value
from gateway.ports import ActionDesk


class AnalyserCommands:
    """Command PVs of one analyser; what puts do is in `gateway.model.two_step_commands`.

    Args:
        device: The analyser; its `actions` are those that are open.
        desk: Who checks and carries out.
        clock: Time.
        poster: Posts what the PVs show.
        puts: Where puts come from.
    """

    def __init__(self, device: DeviceSpec, desk: ActionDesk, clock: Clock, poster: Poster, puts: Puts) -> None:
        self._clock = clock
        self._poster = poster
        self._steps = TwoStepCommands(device.name, "epics_pva", desk.invoke, clock)
        self._armed = anyio.Event()
        self._actions = commanded_actions(device)
        self._points = (*map(command_point, self._actions), CONFIRMATION)
        group = PointGroup(0, device.name, self._points)
        self._last = LastValues(group, clock.stamp().unix_us)
        takes: tuple[Take, ...] = (*(partial(self._take, action) for action in self._actions), self._take_confirm)
        paths = (*map(command_path, self._actions), CONFIRM)
        pvs: dict[tuple[str, ...], SharedPV] = {}
        for index, (path, take) in enumerate(zip(paths, takes, strict=True)):
            choices = {} if path == CONFIRM else {"choices": REQUEST_STATES}
            pv = PointPv(group, index, self._last, alarm_looks(group.quality), puts, **choices)
            pv.shared.put(partial(puts.take_by, take))
            pvs[path] = pv.shared
        self.pvs: Mapping[tuple[str, ...], SharedPV] = pvs
        """PV of each path: one per action, and that of the confirmation."""
        self._show(range(len(self._points)))

    def _take(self, action: ActionSpec, value: ArgumentValue, asker: Asker) -> None:
        take: Callable[..., None] = self._steps.take_argument if action.arguments else self._steps.take_request
        take(action, value, asker)
        self._armed.set()
        self._show([self._actions.index(action)])

    def _take_confirm(self, value: ArgumentValue, asker: Asker) -> Job | None:
        arming = self._steps.take_confirm(value, asker)
        self._show([len(self._actions)])
        return None if arming is None else partial(self._carry_out, arming, asker)

    async def _carry_out(self, arming: Arming, asker: Asker) -> None:
        try:
            await self._steps.carry_out(arming, asker)
        finally:
            self._show()

    async def watch(self) -> None:
        """Let armings expire until cancelled; what is armed then is forgotten.

        It stands in both EPICS adapters: what they share is in the model, which does not wait for anything.
        """
        try:
            while True:
                while (expiry_ns := self._steps.next_expiry_ns) is None:
                    self._armed = anyio.Event()
                    await self._armed.wait()
                await self._clock.sleep_until(expiry_ns)
                self._steps.forget_expired()
                self._show()
        finally:
            self._steps.clear()
            self._show()

    def _show(self, written: Sequence[int] = ()) -> None:
        """Bring every PV up to date: the newest argument armed, whether an action runs, and nothing when idle."""
        armed = self._steps.armed
        values = [armed.get(action.name) for action in self._actions] + [int(self._steps.is_running)]
        shown = [_shown(value, point) for value, point in zip(values, self._points, strict=True)]
        before = self._last.shown.values
        changed = [index for index, value in enumerate(shown) if index in written or value != before[index]]
        if changed:
            states = [State.GOOD] * len(shown)
            self._last.take(Update(0, self._clock.stamp(), shown, states, changed))
            self._poster.due(self._last)


def _shown(value: ArgumentValue | None, point: PointSpec) -> Value:
    if point.length is not None:
        return EMPTY_ARRAY if value is None else value
    if point.kind is ValueKind.BOOLEAN:
        return bool(value)
    return (0.0 if point.kind is ValueKind.FLOAT else 0) if value is None else value
