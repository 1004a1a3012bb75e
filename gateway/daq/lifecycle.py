"""Calls into a driver, in their order, one at a time, each in a thread and with a deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

from anyio import CancelScope, Lock, move_on_after
from numpy.typing import NDArray

from gateway.daq.back_end import BackEnd, Commitment
from gateway.daq.buffer import Buffer
from gateway.daq.buffer_pool import BufferPool
from gateway.daq.errors import DaqDeviceError, DaqError, DaqTimeoutError
from gateway.daq.foreign_threads import in_daemon_thread
from gateway.daq.messages import Post
from gateway.daq.task import DataFlow, TaskSpec

_logger = logging.getLogger("gateway.daq")

P = ParamSpec("P")
T = TypeVar("T")


class SubsystemState(StrEnum):
    """What the subsystem is doing."""

    INITIALIZED = "initialized"
    CONFIGURED_FOR_SINGLE_VALUE = "configured_for_single_value"
    CONFIGURED_FOR_CONTINUOUS = "configured_for_continuous"
    PRESTARTED = "prestarted"
    RUNNING = "running"
    STOPPING = "stopping"
    ABORTING = "aborting"
    """A call into the driver did not come back. Nothing more is asked of it, and its buffers are left to it."""

    IO_COMPLETE = "io_complete"


class Lifecycle:
    """The only caller of a back end.

    A call that is cancelled is still waited for, up to the deadline, because the next one must not overtake it.

    Args:
        back_end: The device.
        task: What it shall do.
        device: Name for errors.
        timeout: Seconds that each call may take.
    """

    def __init__(self, back_end: BackEnd, task: TaskSpec, *, device: str, timeout: float) -> None:
        self.back_end = back_end
        self.state = SubsystemState.INITIALIZED
        self.timeout = timeout
        self._task = task
        self._device = device
        self._turn = Lock()
        self._pool: BufferPool | None = None

    async def commit(self) -> Commitment:
        """First configuration.

        Raises:
            DaqError: The driver refuses it.
        """
        commitment = await self.call(self.back_end.commit, self._task)
        single = self._task.data_flow is DataFlow.SINGLE_VALUE
        self.state = SubsystemState.CONFIGURED_FOR_SINGLE_VALUE if single else SubsystemState.CONFIGURED_FOR_CONTINUOUS
        return commitment

    async def bring_up(self, post: Post, pool: BufferPool, first: Sequence[Buffer]) -> None:
        """Register, queue the first buffers, arm, start. Whatever fails, `take_down` must follow.

        Raises:
            DaqError: The driver refuses a step; the later ones are then not made.
        """
        self._pool = pool
        await self.call(self.back_end.register, post)
        for buffer in first:
            pool.queued(buffer)
            await self.call(self.back_end.queue, buffer)
        await self.call(self.back_end.arm)
        self.state = SubsystemState.PRESTARTED
        await self.call(self.back_end.start)
        self.state = SubsystemState.RUNNING

    def queue(self, buffer: Buffer) -> None:
        """Give a buffer to the running device, at once.

        Raises:
            DaqError: The driver refuses it.
        """
        assert self._pool is not None  # noqa: S101 - only while running
        self._pool.queued(buffer)
        with _named(self._device, "queue"):
            self.back_end.queue(buffer)

    async def take_down(self, *, mute: bool = False, rest: NDArray[Any] | None = None) -> int:
        """Stop, unregister, flush, release; not cancellable, and repeatable. Errors are logged: the run is over.

        Args:
            mute: Take the outputs to zero first.
            rest: Encoded values to put out at the end.

        Returns:
            How many buffers the device still had.
        """
        if self._pool is None or self.state is SubsystemState.ABORTING:
            return 0
        self.state = SubsystemState.STOPPING
        with CancelScope(shield=True):
            if mute:
                await self._try(self.back_end.mute)
            await self._try(self.back_end.stop)
            await self._try(self.back_end.unregister)
            flushed = await self._try(self.back_end.flush)
            if rest is not None:
                await self._try(self.back_end.write_values, rest)
        pool, self._pool = self._pool, None
        if self.state is SubsystemState.ABORTING or flushed is None:
            return 0
        self.state = SubsystemState.IO_COMPLETE
        pool.reclaim()
        pool.release()
        return len(flushed)

    async def close(self) -> None:
        """Give the device back; errors are logged."""
        await self.take_down()
        if self.state is not SubsystemState.ABORTING:
            await self._try(self.back_end.close)

    async def call(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Make one call.

        Raises:
            DaqTimeoutError: It did not come back in time, or an earlier one has not.
            DaqError: What the driver says is wrong.
        """
        name = getattr(function, "__name__", "call")

        def run() -> T:
            return function(*arguments, **options)

        with move_on_after(self.timeout, shield=True):
            async with self._turn:
                if self.state is SubsystemState.ABORTING:
                    raise DaqTimeoutError("an earlier call into the driver has not come back", where=self._device)
                with _named(self._device, name):
                    return await in_daemon_thread(run)
        self.state = SubsystemState.ABORTING
        raise DaqTimeoutError(
            f"the driver's {name} has not come back within {self.timeout:g} s",
            where=self._device,
            hint="the device is lost to this program until it is started again",
        )

    async def _try(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T | None:
        if self.state is SubsystemState.ABORTING:
            return None
        try:
            return await self.call(function, *arguments, **options)
        except DaqError as error:
            _logger.warning("while stopping: %s", error)
            return None


class _named:  # noqa: N801 - reads as a statement
    """Turns whatever a driver raises into a DaqError that says where."""

    def __init__(self, device: str, call: str) -> None:
        self._device = device
        self._call = call

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, DaqError):
            raise DaqDeviceError(f"{self._call}: {type(error).__name__}: {error}", where=self._device) from error
