"""`play`: hardware-clocked output behind the output gate."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from anyio import CancelScope

from gateway.daq.errors import DaqTaskStateError
from gateway.daq.outcome import Outcome
from gateway.daq.output_gate import OutputGate
from gateway.daq.playback import Playback, PlaybackEnd
from gateway.daq.playback_source import ChunkFeed, PlaybackSource
from gateway.daq.player import Player
from gateway.daq.policies import ErrorPolicy
from gateway.daq.session import DaqSession
from gateway.daq.task import DataFlow
from gateway.daq.timing import BufferPlan, Timing, WrapMode
from gateway.streaming.arguments import positive

_logger = logging.getLogger("gateway.daq")


def play(
    session: DaqSession,
    source: PlaybackSource,
    *,
    confirm: bool = False,
    error_policy: ErrorPolicy = ErrorPolicy.RAISE,
    end: PlaybackEnd = PlaybackEnd.SAFE,
    timeout: float = 10.0,
    stall_after_blocks: float | None = 8.0,
) -> AbstractAsyncContextManager[Playback]:
    """Put out samples by a device's own clock.

    Every sample passes the output gate: the first buffers' worth before any call into the driver, later chunks before
    they are put into a buffer. What the gate refuses ends the playback under every error policy.

    When the source has ended, the outputs end as `end` says, the device stops, and `drained` returns. Leaving the
    context earlier breaks the playback off. An error that ends it cancels the body and leaves the context bare, with
    the body's own error, if any, as its `__cause__`; the device has been stopped before.

    Args:
        session: Opened with `autostart=False`, for a CONTINUOUS output task.
        source: Where the samples come from.
        confirm: The caller answers for what is put out; see `OutputChannel` for when that is needed.
        error_policy: What is done about an underrun, a trigger error, a device's fault, or a stalled device; RETURN
            and SKIP both count it and go on.
        end: What the outputs do at the end.
        timeout: Seconds that each call into the driver may take.
        stall_after_blocks: Block periods of silence, at least 1 s in all, that are an error; None for no watch.

    Raises:
        ValueError: On the call itself: an argument is not in its range.
        DaqTaskStateError: The task is of another kind, or the session is in use.
        DaqValidationError: The source's shape, or a value that is not finite or out of range.
        DaqConfirmationRequiredError: A value needs confirmation.
        DaqError: The driver refuses to start, or see above.
    """
    positive("timeout", timeout)
    if stall_after_blocks is not None:
        positive("stall_after_blocks", stall_after_blocks)
    return _play(session, source, confirm, ErrorPolicy(error_policy), PlaybackEnd(end), timeout, stall_after_blocks)


@asynccontextmanager
async def _play(
    session: DaqSession,
    source: PlaybackSource,
    confirm: bool,  # noqa: FBT001
    policy: ErrorPolicy,
    end: PlaybackEnd,
    timeout: float,
    stall_after_blocks: float | None,
) -> AsyncIterator[Playback]:
    timing, plan = _clocked_output(session)
    clock, lifecycle, task = session.clock, session.lifecycle, session.task
    endless = plan.wrap_mode is WrapMode.SINGLE
    with session.claimed():
        gate = OutputGate(task.outputs, confirm=confirm)
        feed = ChunkFeed(source, gate, channels=len(task.channels), longest=plan.samples_per_buffer)
        seeds = await feed.seed(plan.buffers, exactly=endless)
        lifecycle.timeout = timeout
        commitment = await lifecycle.commit()
        playback = Playback(clock.stamp().utc, _endless=endless)
        outcome = Outcome()
        player = Player(
            session,
            timing,
            plan,
            commitment,
            feed=feed,
            summary=playback,
            policy=policy,
            end=end,
            stall_after_blocks=stall_after_blocks,
        )

        async def drive() -> None:
            try:
                await player.run()
            except Exception as error:  # noqa: BLE001 - raised when the context is left
                outcome.failure = error
            playback.producer_ended_at = clock.stamp().utc
            await player.stop()
            playback.end(complete=outcome.failure is None)
            if outcome.failure is not None:
                tasks.cancel_scope.cancel()

        try:
            await player.start(seeds)
            _logger.info("%s: playing at %g Hz", session.device, commitment.rate_hz or timing.rate_hz)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(drive)
                with outcome.of_the_body():
                    yield playback
                tasks.cancel_scope.cancel()
        finally:
            with CancelScope(shield=True):
                await player.stop()
            playback.end(complete=False)
            playback.finished_at = clock.stamp().utc
            _logger.info(
                "%s: %d chunks put out, %d dropped, %d underruns",
                session.device,
                playback.payloads_emitted,
                playback.payloads_dropped,
                playback.underruns_observed,
            )
    outcome.settle()


def _clocked_output(session: DaqSession) -> tuple[Timing, BufferPlan]:
    task = session.task
    if not task.is_output:
        raise DaqTaskStateError("inputs are not played", where=session.device, hint="use record")
    if task.data_flow is not DataFlow.CONTINUOUS or task.timing is None or task.buffers is None:
        raise DaqTaskStateError(f"a {task.data_flow} task is not played", where=session.device, hint="use CONTINUOUS")
    return task.timing, task.buffers
