"""The command coils of a Servomex 4100 at work: 0 to 1 is the command, and the master owes the 0 afterwards.

Sources: 4100 manual, Modbus chapter (a coil acts on its change from 0 to 1, and the master must write it back to 0).
From that it follows that a coil left at 1, by a master that died between the two writes, swallows the next command.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import anyio

from gateway.drivers.servomex4100.actions import CLEAR_LEFTOVERS, START_AUTOCALIBRATION, STOP_AUTOCALIBRATION
from gateway.drivers.servomex4100.channels import START_CALIBRATION_COILS, STOP_CALIBRATION_COIL
from gateway.errors import ActionRefusedError, DeviceRefusedError, DeviceTimeoutError, GatewayError
from gateway.model.actions import ArgumentValue
from gateway.ports import ModbusBus

WRITE_BACK_S = 8.0
"""Longest struggle for the 0: several attempts on a usual line, and still within the ten seconds that service managers
and container engines give a program to end."""

COMMAND_COILS: tuple[int, ...] = (*START_CALIBRATION_COILS, STOP_CALIBRATION_COIL)

_PAUSE_S = 0.25
_NOT_CARRIED_OUT = frozenset({1, 2, 3})
"""Exceptions by which the instrument says that it did nothing; Modbus application protocol V1.1b3, section 7."""


def coil_number(coil: int) -> str:
    """A coil as the manual numbers it."""
    return f"coil {coil + 1:05d}"


def _meaning(coil: int) -> str:
    return "stop" if coil == STOP_CALIBRATION_COIL else f"start of group {coil + 1}"


def coil_text(coil: int) -> str:
    """A coil with its number and its meaning. What matters comes first: EPICS strings hold 39 characters."""
    return f"{coil_number(coil)} ({_meaning(coil)})"


def _coils_text(coils: Iterable[int]) -> str:
    return ", ".join(map(coil_text, coils))


class CalibrationCommands:
    """Carries out the actions of one analyser; a `ports.ActionExecutor`.

    Once "on" may have left, the 0 is written back whatever happens: an answer that is lost, a read-back that fails, a
    caller that is cancelled. What could not be written back is remembered and shown as a leftover.

    Args:
        device: Name of the analyser, for messages.
        address: Its Modbus address.
        bus: Its wire.
        write_back_s: Longest time spent on writing back the 0.
    """

    def __init__(self, device: str, address: int, bus: ModbusBus, *, write_back_s: float = WRITE_BACK_S) -> None:
        self._device = device
        self._address = address
        self._bus = bus
        self._write_back_s = write_back_s
        self._owed: set[int] = set()

    async def perform(self, action: str, arguments: Sequence[ArgumentValue]) -> str:
        """Carry out one action; returns what became of it, in words.

        Raises:
            ActionRefusedError: A coil that is still set would swallow the command. Nothing was written.
            GatewayError: The analyser refused it, could not be reached, or was left with a coil set.
        """
        if action == START_AUTOCALIBRATION:
            (group,) = arguments
            assert isinstance(group, int)  # noqa: S101  the gates have seen to it
            await self._require_clear(COMMAND_COILS)
            return await self._command(START_CALIBRATION_COILS[group - 1])
        if action == STOP_AUTOCALIBRATION:
            await self._require_clear((STOP_CALIBRATION_COIL,))
            return await self._command(STOP_CALIBRATION_COIL)
        if action == CLEAR_LEFTOVERS:
            return await self._clear()
        raise ActionRefusedError(f"there is no action '{action}'", where=self._device)

    async def leftovers(self) -> Sequence[str]:
        """Command coils that are set; without an answer, those that are still owed a 0.

        Raises:
            GatewayError: The analyser could not be asked, and nothing is owed.
        """
        try:
            found = await self._set_coils()
        except GatewayError:
            if not self._owed:
                raise
            return [f"{coil_text(coil)}, not written back" for coil in sorted(self._owed)]
        self._owed.clear()
        return [coil_text(coil) for coil in found]

    async def _set_coils(self) -> list[int]:
        """Two reads: what lies between coils 4 and 9 is not documented."""
        starts = await self._bus.read_coils(self._address, START_CALIBRATION_COILS[0], len(START_CALIBRATION_COILS))
        stop = await self._bus.read_coils(self._address, STOP_CALIBRATION_COIL, 1)
        return [coil for coil, bit in zip(COMMAND_COILS, (*starts.values, *stop.values), strict=True) if bit]

    async def _require_clear(self, coils: Sequence[int]) -> None:
        blocking = [coil for coil in await self._set_coils() if coil in coils]
        if blocking:
            raise ActionRefusedError(
                f"{_coils_text(blocking)} is set already, so the analyser might not notice the command",
                where=self._device,
                hint=f"see that no other master is at work, then ask for {CLEAR_LEFTOVERS}; nothing was written",
            )

    async def _command(self, coil: int) -> str:
        """On, read-back, off."""
        may_be_set = True
        not_written_back: GatewayError | None = None
        try:
            taken, trouble = await self._switch_on(coil)
        except DeviceRefusedError:
            may_be_set = False
            raise
        finally:
            if may_be_set:
                not_written_back = await self._write_back(coil)
        if not_written_back is None and taken:
            lost = ", its answer lost" if trouble else ""
            return f"command taken{lost}, {coil_number(coil)} back at 0 ({_meaning(coil)})"
        hint = "look at the analyser's own display"
        if taken:
            what = "command taken"
        elif taken is None:
            what = f"it is not known whether the command arrived: {trouble.what if trouble else 'no answer'}"
        else:
            what = f"command not taken, {coil_number(coil)} stayed 0"
        if not_written_back is not None:
            reason = not_written_back.what
            what = f"{coil_number(coil).upper()} NOT WRITTEN BACK TO 0 ({_meaning(coil)}): {reason}; {what}"
            hint += f", and ask for {CLEAR_LEFTOVERS} once it answers: until then it notices no such command"
        raise GatewayError(what, where=self._device, hint=hint)

    async def _switch_on(self, coil: int) -> tuple[bool | None, GatewayError | None]:
        """Send "on" once and read the coil back.

        Returns:
            Whether the coil was found set, None if it could not be read; and what was wrong with an answer.

        Raises:
            DeviceRefusedError: The instrument says that it did nothing.
        """
        trouble: GatewayError | None = None
        try:
            await self._bus.write_coil(self._address, coil, on=True)
        except DeviceRefusedError as error:
            if error.code in _NOT_CARRIED_OUT:
                raise
            trouble = error
        except GatewayError as error:
            trouble = error
        try:
            (bit,) = (await self._bus.read_coils(self._address, coil, 1)).values
        except GatewayError as error:
            return None, trouble or error
        return bool(bit), trouble

    async def _write_back(self, coil: int) -> GatewayError | None:
        """Write 0 until it is acknowledged or the time is up; cancellation has to wait. Returns why it failed."""
        self._owed.add(coil)
        reason: GatewayError = DeviceTimeoutError("no answer", where=self._device)
        with anyio.move_on_after(self._write_back_s, shield=True):
            while True:
                try:
                    await self._bus.write_coil(self._address, coil, on=False)
                except GatewayError as error:
                    reason = error
                    await anyio.sleep(_PAUSE_S)
                else:
                    self._owed.discard(coil)
                    return None
        return reason

    async def _clear(self) -> str:
        found = await self._set_coils()
        if not found:
            self._owed.clear()
            return "no command coil was set"
        for coil in found:
            if reason := await self._write_back(coil):
                raise GatewayError(f"{coil_text(coil)} could not be cleared: {reason.what}", where=self._device)
        remaining = await self._set_coils()
        if remaining:
            raise GatewayError(
                f"{_coils_text(remaining)} is set again",
                where=self._device,
                hint="another master is writing to this analyser",
            )
        self._owed.clear()
        return f"cleared {_coils_text(found)}"
