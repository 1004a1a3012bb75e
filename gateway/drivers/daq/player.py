"""Carries out the actions of a device, one playback at a time, and tells how it goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio import CancelScope, to_thread
from anyio.abc import TaskGroup, TaskStatus

from gateway.daq.back_end import BackEnd
from gateway.daq.errors import DaqConfirmationRequiredError, DaqError, DaqValidationError
from gateway.daq.play import play
from gateway.daq.playback import Playback
from gateway.daq.policies import ErrorPolicy
from gateway.daq.session import open_device
from gateway.drivers.daq.actions import PLAY, STOP, WRITE_VALUE, WRITE_WAVEFORM, action_name
from gateway.drivers.daq.block_samples import SampleMaker
from gateway.drivers.daq.counters import DaqCounters
from gateway.drivers.daq.settings import DaqSettings
from gateway.drivers.daq.signals import SignalFileError
from gateway.drivers.daq.tasks import playback_task, value_task
from gateway.drivers.daq.wanted_playback import WantedPlayback, wanted_signal, wanted_waveform
from gateway.errors import ActionNotNowError, ActionRefusedError
from gateway.model.actions import ArgumentValue
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.model.value import Value

CLOSE_S = 2.0
"""Longest that an ending gateway waits for a playback to be broken off."""


@dataclass(slots=True, eq=False)
class _Running:
    """One playback under way."""

    wanted: WantedPlayback
    scope: CancelScope = field(default_factory=CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)
    playback: Playback | None = None

    def progress(self) -> float:
        """Part put out, in percent; 0 where there is no end."""
        if self.playback is None or self.wanted.total is None:
            return 0.0
        return min(100.0, 100.0 * self.playback.samples_produced / self.wanted.total)


@dataclass(frozen=True, slots=True)
class _Opened:
    """An opened device."""

    back_end: BackEnd
    tasks: TaskGroup
    counters: DaqCounters


class Player:
    """The outputs of a device.

    What an action asks for has passed the gates of the core; here every sample passes the output gate of `gateway.daq`
    as well, before it reaches the back end.

    Args:
        device: Name of the analyser.
        settings: Of the device.
        make: Makes the Samples of the points.
        clock: Time.
    """

    def __init__(self, device: str, settings: DaqSettings, make: SampleMaker, clock: Clock) -> None:
        self._device = device
        self._settings = settings
        self._make = make
        self._clock = clock
        self._opened: _Opened | None = None
        self._running: _Running | None = None
        self._told: dict[str, Value] = {}
        self._values: dict[str, float | None] = {}
        self._state, self._signal, self._result, self._drained, self._progress = "idle", "", "", False, 0.0
        outputs = settings.outputs
        self._signals = {action_name(PLAY, name): name for name in settings.signals}
        self._waveforms = {action_name(WRITE_WAVEFORM, name): name for name in outputs}
        self._single = {action_name(WRITE_VALUE, name): name for name in outputs}

    @asynccontextmanager
    async def ready(self, back_end: BackEnd | None, tasks: TaskGroup, counters: DaqCounters) -> AsyncIterator[None]:
        """Carry out actions inside; on leaving, what is played is broken off and the outputs are given back.

        Args:
            back_end: Of the outputs; None for none.
            tasks: Where playbacks run.
            counters: What counts them.
        """
        if back_end is None or not self._settings.outputs:
            yield
            return
        self._opened = _Opened(back_end, tasks, counters)
        try:
            yield
        finally:
            self._opened = None
            with CancelScope(shield=True), anyio.move_on_after(CLOSE_S):
                await self._break_off()
                name = next(iter(self._settings.outputs))
                task = value_task(self._device, name, self._settings)
                session = await open_device(task, back_end=back_end, autostart=False, clock=self._clock)
                await session.aclose()

    async def perform(self, action: str, arguments: Sequence[ArgumentValue]) -> str:
        """Carry out one action; returns what became of it.

        Raises:
            ActionNotNowError: The device is not open, or something else is being played.
            ActionRefusedError: The output gate refuses a sample; nothing was put out.
            DaqError: The device failed.
        """
        opened = self._require_open()
        if action == STOP:
            return await self._stop()
        if self._running is not None:
            what = f"{self._running.wanted.name} is being played"
            raise ActionNotNowError(what, where=self._device, hint="stop it first, or wait for its end")
        try:
            if action in self._single:
                return await self._write(opened, self._single[action], arguments)
            wanted = await to_thread.run_sync(self._wanted, action, arguments)
            return await self._start(self._require_open(), wanted)  # it may have gone meanwhile
        except (DaqValidationError, DaqConfirmationRequiredError, SignalFileError) as error:
            what = error.what if isinstance(error, DaqError) else str(error)
            raise ActionRefusedError(what, where=self._device, hint="nothing was put out") from error

    def _require_open(self) -> _Opened:
        if self._opened is None:
            what = "the device is not open at present"
            raise ActionNotNowError(what, where=self._device, hint="Status/Communication says why")
        return self._opened

    def news(self, *, whole: bool = False) -> list[Sample]:
        """Points of the playback that have changed since they were last asked for; `whole` gives all of them."""
        if not self._settings.outputs:
            return []
        if self._running is not None:
            self._progress = self._running.progress()
        values: dict[str, Value] = {
            "Playback/State": self._state,
            "Playback/Signal": self._signal,
            "Playback/Progress": self._progress,
            "Playback/Drained": self._drained,
            "Playback/Result": self._result,
        }
        values |= {f"{name}/Value": value for name, value in self._values.items()}
        told = {} if whole else self._told
        changed = {path: value for path, value in values.items() if path not in told or told[path] != value}
        self._told |= changed
        stamp = self._clock.stamp()
        return [self._make.sample(path, value, (stamp.monotonic_ns, stamp.utc)) for path, value in changed.items()]

    def _wanted(self, action: str, arguments: Sequence[ArgumentValue]) -> WantedPlayback:
        if action in self._signals:
            return wanted_signal(self._signals[action], self._settings)
        (samples,) = arguments
        assert isinstance(samples, memoryview)  # noqa: S101  the core has checked it against the ActionSpec
        return wanted_waveform(self._waveforms[action], samples, self._settings)

    async def _write(self, opened: _Opened, name: str, arguments: Sequence[ArgumentValue]) -> str:
        (value,) = arguments
        assert not isinstance(value, memoryview)  # noqa: S101  as above
        task = value_task(self._device, name, self._settings)
        session = await open_device(task, back_end=opened.back_end, autostart=False, clock=self._clock)
        await session.write({name: float(value)}, confirm=True)
        self._values[name] = float(value)
        return f"{name} holds {value:g} {self._settings.outputs[name].unit}"

    async def _start(self, opened: _Opened, wanted: WantedPlayback) -> str:
        running = self._running = _Running(wanted)
        try:
            await opened.tasks.start(self._play, opened, running)
        finally:
            if running.playback is None:
                self._running = None
        return f"playing {wanted.name} on {', '.join(wanted.outputs)}: {wanted.text}"

    async def _play(self, opened: _Opened, running: _Running, *, task_status: TaskStatus[None]) -> None:
        wanted = running.wanted
        task = playback_task(self._device, wanted.outputs, self._settings)
        try:
            with running.scope:
                session = await open_device(task, back_end=opened.back_end, autostart=False, clock=self._clock)
                async with play(session, wanted.source, confirm=True, error_policy=ErrorPolicy.SKIP) as playback:
                    running.playback = playback
                    opened.counters.playback(playback)
                    self._tell("playing", wanted.name, wanted.text)
                    self._values |= dict.fromkeys(wanted.outputs)
                    task_status.started()
                    await playback.drained()
        except DaqError as error:
            if running.playback is None:
                raise
            self._tell("failed", wanted.name, str(error))
        else:
            complete = running.playback is not None and running.playback.is_complete
            ended = ("idle", "played to its end") if complete else ("stopped", "broken off")
            self._tell(ended[0], wanted.name, ended[1], drained=complete)
        finally:
            if running.playback is not None:
                self._progress = running.progress()
                self._values |= {name: self._settings.outputs[name].safe_value for name in wanted.outputs}
                self._running = None
            running.ended.set()

    def _tell(self, state: str, signal: str, result: str, *, drained: bool = False) -> None:
        self._state, self._signal, self._result, self._drained = state, signal, result, drained

    async def _stop(self) -> str:
        if self._running is None:
            return "nothing was being played"
        name = self._running.wanted.name
        await self._break_off()
        return f"{name} was broken off; the outputs are at their safe values"

    async def _break_off(self) -> None:
        if self._running is not None:
            self._running.scope.cancel()
            await self._running.ended.wait()
