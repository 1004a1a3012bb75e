"""Actions over Channel Access: the command PVs of an analyser, by which clients arm and confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import anyio
from caproto import CAStatus

from gateway.adapters.epics_ca.command_records import (
    CommandRecord,
    ConfirmRecord,
    Job,
    RequestRecord,
    argument_record,
)
from gateway.adapters.epics_ca.group_values import is_another
from gateway.adapters.epics_ca.put_request import PutRefusedError
from gateway.adapters.epics_ca.records import epics_time
from gateway.model.actions import ActionSpec, ArgumentValue
from gateway.model.armings import Arming
from gateway.model.asker import Asker
from gateway.model.command_points import CONFIRM, CONFIRMATION, command_path, command_point, commanded_actions
from gateway.model.points import DeviceSpec
from gateway.model.quality import State
from gateway.model.stamp import Clock
from gateway.model.two_step_commands import CommandRefusedError, TwoStepCommands
from gateway.ports import ActionDesk


class AnalyserCommands:
    """Command PVs of one analyser; what puts do is in `gateway.model.two_step_commands`.

    Args:
        device: The analyser; its `actions` are those that are open.
        name_of: PV name of a path.
        desk: Who checks and carries out.
        clock: Time.
    """

    def __init__(
        self, device: DeviceSpec, name_of: Callable[[tuple[str, ...]], str], desk: ActionDesk, clock: Clock
    ) -> None:
        self._clock = clock
        self._steps = TwoStepCommands(device.name, "epics_ca", desk.invoke, clock)
        self._armed = anyio.Event()
        started_us = clock.stamp().unix_us
        self._commands = {
            action.name: self._command(action, name_of(command_path(action)), started_us)
            for action in commanded_actions(device)
        }
        self._confirm = ConfirmRecord(name_of(CONFIRM), CONFIRMATION, self._take_confirm, started_us)
        self._shown: dict[CommandRecord, ArgumentValue] = {record: record.idle for record in self.records}

    @property
    def records(self) -> tuple[CommandRecord, ...]:
        """One PV per action, and that of the confirmation."""
        return *self._commands.values(), self._confirm

    def _command(self, action: ActionSpec, name: str, started_us: int) -> CommandRecord:
        point = command_point(action)
        if not action.arguments:
            return RequestRecord(name, point, partial(self._take, self._steps.take_request, action), started_us)
        return argument_record(point)(name, point, partial(self._take, self._steps.take_argument, action), started_us)

    def _take(
        self,
        take: Callable[[ActionSpec, ArgumentValue, Asker], None],
        action: ActionSpec,
        value: ArgumentValue,
        asker: Asker,
    ) -> None:
        with _told_in_channel_access():
            take(action, value, asker)
        self._armed.set()
        self._show(self._commands[action.name])

    def _take_confirm(self, value: ArgumentValue, asker: Asker) -> Job | None:
        with _told_in_channel_access():
            arming = self._steps.take_confirm(value, asker)
        self._show(self._confirm)
        return None if arming is None else partial(self._carry_out, arming, asker)

    async def _carry_out(self, arming: Arming, asker: Asker) -> None:
        try:
            with _told_in_channel_access():
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

    def _show(self, written: CommandRecord | None = None) -> None:
        """Bring every PV up to date: the newest argument armed, whether an action runs, and nothing when idle."""
        values: dict[CommandRecord, ArgumentValue] = {record: record.idle for record in self.records}
        for action, argument in self._steps.armed.items():
            values[self._commands[action]] = argument
        values[self._confirm] = int(self._steps.is_running)
        now = epics_time(self._clock.stamp().unix_us)
        for record, value in values.items():
            if record is written or is_another(self._shown[record], value):
                self._shown[record] = value
                record.show(value, State.GOOD, *now)


@contextmanager
def _told_in_channel_access() -> Iterator[None]:
    """Give a refusal the status that Channel Access has for it."""
    try:
        yield
    except CommandRefusedError as refusal:
        status = CAStatus.ECA_NOWTACCESS if refusal.forbidden else CAStatus.ECA_PUTFAIL
        raise PutRefusedError(status, refusal.text) from refusal
