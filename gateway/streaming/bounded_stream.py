"""A bounded buffer between one producer and its consumers, where every item lost is counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from anyio import ClosedResourceError, EndOfStream, Event, WouldBlock
from anyio.abc import ObjectReceiveStream
from anyio.lowlevel import checkpoint

from gateway.streaming.arguments import at_least_one
from gateway.streaming.overflow import OverflowPolicy

T = TypeVar("T")


class BoundedStream(ObjectReceiveStream[T]):
    """Receive stream with the producer's methods on the same object.

    An item stays in the buffer until a consumer takes it, so a cancelled consumer loses nothing. After `finish` the
    consumer first reads what is left, then the end or the producer's error.

    Args:
        capacity: Most items held.
        overflow: What `put` does when full.
        on_drop: Called with the number of items lost: by the policy, on closing unread, and after closing.
        on_close: Called once, when the consumer closes the stream.

    Raises:
        ValueError: `capacity` is no whole number of at least 1.
    """

    def __init__(
        self,
        capacity: int,
        overflow: OverflowPolicy = OverflowPolicy.BLOCK,
        *,
        on_drop: Callable[[int], None] | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._capacity = at_least_one("capacity", capacity)
        self._overflow = overflow
        self._on_drop = on_drop
        self._on_close = on_close
        self._items: deque[T] = deque()
        self._consumers: deque[Event] = deque()
        self._producers: deque[Event] = deque()
        self._finished = False
        self._closed = False
        self._error: Exception | None = None
        self._error_seen = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Items lost so far."""
        return self._dropped

    @property
    def unread(self) -> int:
        """Items waiting for a consumer."""
        return len(self._items)

    @property
    def unseen_error(self) -> Exception | None:
        """The producer's error while no consumer has been told."""
        return None if self._error_seen else self._error

    def put_nowait(self, item: T) -> None:
        """Add an item, or lose one by the policy.

        Raises:
            WouldBlock: The buffer is full and the policy is BLOCK.
        """
        if self._closed:
            self._lose(1)
            return
        if len(self._items) >= self._capacity:
            if self._overflow is OverflowPolicy.BLOCK:
                raise WouldBlock
            if self._overflow is OverflowPolicy.DROP_OLDEST:
                self._items.popleft()
                self._items.append(item)
            self._lose(1)
            return
        self._items.append(item)
        _wake_one(self._consumers)

    async def put(self, item: T) -> None:
        """Add an item; with BLOCK wait for room first."""
        await self.wait_for_room()
        self.put_nowait(item)

    async def wait_for_room(self) -> None:
        """With BLOCK return once `put_nowait` can add an item; with the other policies at once."""
        if self._overflow is not OverflowPolicy.BLOCK:
            return
        while len(self._items) >= self._capacity and not self._closed:
            await _wait_in(self._producers)

    def finish(self, error: Exception | None = None) -> None:
        """Say that nothing more comes, and why if it is an error."""
        self._finished = True
        self._error = error
        _wake_all(self._consumers)

    async def receive(self) -> T:
        """The next item.

        Raises:
            EndOfStream: The producer has finished and everything is read.
            ClosedResourceError: The stream was closed.
            Exception: The error given to `finish`, after everything is read.
        """
        await checkpoint()
        while True:
            try:
                return self.receive_nowait()
            except WouldBlock:
                pass
            await _wait_in(self._consumers)

    def receive_nowait(self) -> T:
        """The next item without waiting.

        Raises:
            WouldBlock: There is none yet.
            EndOfStream: As `receive`, like the others.
        """
        if self._closed:
            raise ClosedResourceError
        if self._items:
            item = self._items.popleft()
            _wake_one(self._producers)
            return item
        if not self._finished:
            raise WouldBlock
        if self._error is None:
            raise EndOfStream
        self._error_seen = True
        raise self._error

    def close(self) -> None:
        """Drop what is unread and let nobody wait any longer. Repeatable."""
        if self._closed:
            return
        self._closed = True
        unread = len(self._items)
        self._items.clear()
        if unread:
            self._lose(unread)
        _wake_all(self._consumers)
        _wake_all(self._producers)
        if self._on_close is not None:
            self._on_close()

    async def aclose(self) -> None:
        """As `close`, with a scheduling point."""
        self.close()
        await checkpoint()

    def _lose(self, count: int) -> None:
        self._dropped += count
        if self._on_drop is not None:
            self._on_drop(count)


async def _wait_in(queue: deque[Event]) -> None:
    turn = Event()
    queue.append(turn)
    try:
        await turn.wait()
    except BaseException:
        if turn.is_set():
            _wake_one(queue)
        else:
            queue.remove(turn)
        raise


def _wake_one(queue: deque[Event]) -> None:
    if queue:
        queue.popleft().set()


def _wake_all(queue: deque[Event]) -> None:
    while queue:
        queue.popleft().set()
