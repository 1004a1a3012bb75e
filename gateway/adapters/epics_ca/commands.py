"""Actions over Channel Access: one put arms, a second one confirms, and only then is the desk asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from caproto import CAStatus

from gateway.adapters.epics_ca.armings import ARMED_S, Arming, Armings
from gateway.adapters.epics_ca.asker import Asker
from gateway.adapters.epics_ca.command_points import CONFIRMATION, command_point
from gateway.adapters.epics_ca.command_records import (
    ArgumentRecord,
    CommandRecord,
    ConfirmRecord,
    Job,
    RequestRecord,
)
from gateway.adapters.epics_ca.names import CONFIRM, command_path, commanded_actions
from gateway.adapters.epics_ca.put_request import PutRefusedError
from gateway.adapters.epics_ca.records import epics_time
from gateway.errors import ActionNotNowError, ActionRefusedError, GatewayError
from gateway.model.actions import ActionOrigin, ActionRequest, ActionSpec
from gateway.model.points import DeviceSpec
from gateway.model.quality import State
from gateway.model.stamp import Clock
from gateway.ports import ActionDesk

_LOG = logging.getLogger(__name__)


class AnalyserCommands:
    """Command PVs of one analyser.

    An arming belongs to a host and the user claimed there, not to a circuit: the two puts of a shell script come from
    two processes, so on two circuits. It serves once, and a newer one of the same asker replaces it.

    Args:
        device: The analyser; its `actions` are those that are open.
        name_of: PV name of a path.
        desk: Who checks and carries out.
        clock: Time.
    """

    def __init__(
        self, device: DeviceSpec, name_of: Callable[[tuple[str, ...]], str], desk: ActionDesk, clock: Clock
    ) -> None:
        self._device = device.name
        self._desk = desk
        self._clock = clock
        self._armings = Armings(clock)
        self._running: set[Asker] = set()
        started_us = clock.stamp().unix_us
        self._commands = {
            action.name: self._command(action, name_of(command_path(action)), started_us)
            for action in commanded_actions(device)
        }
        self._confirm = ConfirmRecord(name_of(CONFIRM), CONFIRMATION, self._take_confirm, started_us)
        self._shown = dict.fromkeys(self.records, 0)

    @property
    def records(self) -> tuple[CommandRecord, ...]:
        """One PV per action, and that of the confirmation."""
        return *self._commands.values(), self._confirm

    def _command(self, action: ActionSpec, name: str, started_us: int) -> CommandRecord:
        point = command_point(action)
        if not action.arguments:
            return RequestRecord(name, point, partial(self._take_request, action), started_us)
        return ArgumentRecord(name, point, partial(self._take_argument, action), started_us)

    def _take_argument(self, action: ActionSpec, value: int, asker: Asker) -> None:
        (argument,) = action.arguments
        if not argument.lowest <= value <= argument.highest:
            text = f"{argument.name} must be {argument.lowest} to {argument.highest}, got {value}"
            raise PutRefusedError(CAStatus.ECA_PUTFAIL, text)
        self._arm(action, (value,), asker)

    def _take_request(self, action: ActionSpec, value: int, asker: Asker) -> None:
        _check_state(value)
        if value:
            self._arm(action, (), asker)
        else:
            self._armings.drop(asker, action.name)
            self._show(self._commands[action.name])

    def _arm(self, action: ActionSpec, arguments: tuple[int, ...], asker: Asker) -> None:
        self._armings.add(asker, action.name, arguments)
        self._show(self._commands[action.name])

    def _take_confirm(self, value: int, asker: Asker) -> Job | None:
        _check_state(value)
        if value and asker in self._running:
            raise PutRefusedError(CAStatus.ECA_PUTFAIL, "your last action still runs; wait for its end")
        arming = self._armings.take(asker)
        if not value:
            self._show(self._confirm)
            return None
        if arming is None:
            text = f"nothing is armed: write to a command of {self._device}, then confirm within {ARMED_S} s"
            raise PutRefusedError(CAStatus.ECA_PUTFAIL, text)
        self._running.add(asker)
        self._show(self._confirm)
        return partial(self._carry_out, arming, asker)

    async def _carry_out(self, arming: Arming, asker: Asker) -> None:
        origin = ActionOrigin("epics_ca", asker.host, asker.user, proved=False)
        try:
            await self._desk.invoke(
                ActionRequest(self._device, arming.action, arming.arguments, confirmed=True, origin=origin)
            )
        except ActionNotNowError as delay:
            raise PutRefusedError(CAStatus.ECA_PUTFAIL, str(delay)) from delay
        except ActionRefusedError as refusal:
            raise PutRefusedError(CAStatus.ECA_NOWTACCESS, str(refusal)) from refusal
        except GatewayError as failure:
            raise PutRefusedError(CAStatus.ECA_PUTFAIL, str(failure)) from failure
        except Exception as fault:
            _LOG.exception("%s: %s failed", self._device, arming.action)
            raise PutRefusedError(CAStatus.ECA_PUTFAIL, "the gateway failed; its log says why") from fault
        finally:
            self._running.discard(asker)
            self._show()

    async def watch(self) -> None:
        """Let armings expire until cancelled; what is armed then is forgotten."""
        try:
            while True:
                await self._armings.wait_for_expiry()
                self._show()
        finally:
            self._armings.clear()
            self._show()

    def _show(self, written: CommandRecord | None = None) -> None:
        """Bring every PV up to date: the newest argument armed, whether an action runs, and 0 when idle."""
        values = dict.fromkeys(self.records, 0)
        for arming in self._armings.all:
            values[self._commands[arming.action]] = arming.arguments[0] if arming.arguments else 1
        values[self._confirm] = int(bool(self._running))
        now = epics_time(self._clock.stamp().unix_us)
        for record, value in values.items():
            if record is written or value != self._shown[record]:
                self._shown[record] = value
                record.show(value, State.GOOD, *now)


def _check_state(value: int) -> None:
    if value not in (0, 1):
        raise PutRefusedError(CAStatus.ECA_PUTFAIL, f"0 or 1 is needed, got {value}")
