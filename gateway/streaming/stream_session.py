"""One subscriber's stream of single Samples, whether the instrument is polled or talks unasked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

import anyio
from anyio import CancelScope, ClosedResourceError, EndOfStream, WouldBlock
from anyio.abc import TaskGroup

from gateway.errors import LinkError
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.streaming.clock import SystemClock
from gateway.streaming.failure import consists_of, ungroup


class StreamMode(StrEnum):
    """How a session comes by its Samples."""

    POLL = "poll"
    """The instrument is asked on a schedule."""

    AUTOPRINT = "autoprint"
    """The instrument talks unasked and the session only listens."""


class SampleReceiver(Protocol):
    """What a session reads from: a `BoundedStream` or an anyio memory object stream."""

    async def receive(self) -> Sample:
        """The next Sample."""
        ...

    def receive_nowait(self) -> Sample:
        """The next Sample if there is one."""
        ...

    async def aclose(self) -> None:
        """Close the receiving side."""
        ...


class StreamingSession:
    """Async context manager and async iterator of Samples.

    A producer's error reaches the consumer un-grouped, after everything buffered has been read. With AUTOPRINT a lost
    line (LinkError) is data instead: one error Sample, then the end.

    Args:
        receiver: Where the Samples come from.
        mode: How they are acquired.
        on_close: Called once on closing, to unsubscribe.
        producer: Feeds `receiver`. It runs in a task that the session owns, from entering to closing.
        device: Named in the error Sample of a lost line until a Sample has told the name.
        protocol: The same for the protocol.
        clock: Stamps that error Sample; by default the machine's time.
    """

    def __init__(
        self,
        receiver: SampleReceiver,
        *,
        mode: StreamMode,
        on_close: Callable[[], None] | None = None,
        producer: Callable[[], Awaitable[None]] | None = None,
        device: str = "",
        protocol: ProtocolKind = ProtocolKind.CONTINUOUS,
        clock: Clock | None = None,
    ) -> None:
        self._receiver = receiver
        self._mode = mode
        self._on_close = on_close
        self._producer = producer
        self._identity = (device, protocol)
        self._clock: Clock = SystemClock() if clock is None else clock
        self._tasks: TaskGroup | None = None
        self._owner = 0
        self._entered = False
        self._ended = False
        self._error: Exception | None = None
        self._error_seen = False
        self._producing: CancelScope | None = None
        self._produced = anyio.Event()
        self._waiting: set[CancelScope] = set()

    @property
    def mode(self) -> StreamMode:
        """How the Samples are acquired."""
        return self._mode

    @property
    def dropped(self) -> int:
        """Samples lost in the receiver's buffer so far; 0 when the receiver does not count."""
        dropped: int = getattr(self._receiver, "dropped", 0)
        return dropped

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("a StreamingSession is entered once; open another one")
        self._entered = True
        if self._producer is not None:
            self._owner = anyio.get_current_task().id
            self._tasks = anyio.create_task_group()
            await self._tasks.__aenter__()
            self._producing = CancelScope()
            self._tasks.start_soon(self._produce, self._producer, self._producing)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
        if exc is None and self._error is not None and not self._error_seen:
            self._error_seen = True
            raise self._error

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sample:
        """The next Sample.

        Raises:
            RuntimeError: A POLL session was not entered, so nothing would ever come.
            StopAsyncIteration: Closed, or ended and read to the end.
            Exception: What ended the producer.
        """
        if not self._entered and self._mode is StreamMode.POLL:
            raise RuntimeError("a POLL session acquires only inside its context: use `async with session`")
        if self._ended:
            raise StopAsyncIteration
        try:
            sample = await self._receive()
        except (EndOfStream, ClosedResourceError):
            if self._error is None or self._error_seen:
                raise StopAsyncIteration from None
            error = self._error
        except LinkError as lost:
            error = lost
        else:
            self._identity = (sample.device, sample.protocol)
            return sample
        self._error_seen = True
        if self._mode is StreamMode.POLL or not consists_of(error, (LinkError,)):
            raise error
        self._ended = True
        device, protocol = self._identity
        stamp = self._clock.stamp()
        return Sample(device, None, None, protocol, stamp.monotonic_ns, stamp.utc, error=error)

    async def aclose(self) -> None:
        """Stop the producer, unsubscribe, and close the receiver. Repeatable, and possible from any task."""
        self._ended = True
        on_close, self._on_close = self._on_close, None
        for waiting in self._waiting:
            waiting.cancel()  # not every receiver wakes its readers when it is closed
        try:
            if self._producing is not None:
                self._producing.cancel()
                with CancelScope(shield=True):
                    await self._produced.wait()
            if self._tasks is not None and anyio.get_current_task().id == self._owner:
                tasks, self._tasks = self._tasks, None
                await tasks.__aexit__(None, None, None)
        finally:
            if on_close is not None:
                on_close()
            await self._receiver.aclose()

    async def _receive(self) -> Sample:
        if not self._produced.is_set():
            with CancelScope() as waiting:
                self._waiting.add(waiting)
                try:
                    return await self._receiver.receive()
                finally:
                    self._waiting.discard(waiting)
        try:
            return self._receiver.receive_nowait()
        except WouldBlock:
            raise EndOfStream from None

    async def _produce(self, producer: Callable[[], Awaitable[None]], producing: CancelScope) -> None:
        try:
            with producing:
                await producer()
        except Exception as raised:  # noqa: BLE001 - handed to the consumer
            self._error = ungroup(raised)
        finally:
            self._produced.set()
            for waiting in self._waiting:
                waiting.cancel()
