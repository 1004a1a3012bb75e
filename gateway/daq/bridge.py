"""From the device's threads to the event loop: a post only appends and wakes, whatever the loop is doing."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace

import anyio

from gateway.daq.foreign_threads import call_soon_from_thread
from gateway.daq.messages import Message


class Bridge:
    """Queue of messages from any thread to one task.

    It is bounded: a message with a buffer cannot come more often than there are buffers, and the others are merged
    with what already waits since the last buffer. Create it on the event loop.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: deque[Message] = deque()
        self._arrived = anyio.Event()
        self._woken = False
        self._closed = False
        self._call_soon = call_soon_from_thread()

    @property
    def waiting(self) -> int:
        """Messages that the task has not taken yet."""
        return len(self._messages)

    def post(self, message: Message) -> None:
        """Append a message; from any thread, and without waiting for anything but this very lock."""
        with self._lock:
            if self._closed:
                return
            self._append(message)
            if self._woken:
                return
            self._woken = True
            self._call_soon(self._wake)

    async def receive(self) -> Message:
        """The next message."""
        while True:
            with self._lock:
                if self._messages:
                    return self._messages.popleft()
                self._woken = False
                self._arrived = anyio.Event()
            await self._arrived.wait()

    def close(self) -> None:
        """Pass over everything that is posted from now on."""
        with self._lock:
            self._closed = True
            self._messages.clear()

    def _append(self, message: Message) -> None:
        if message.buffer is None:
            for position in range(len(self._messages) - 1, -1, -1):
                waiting = self._messages[position]
                if waiting.buffer is not None:
                    break
                if waiting.kind is message.kind:
                    self._messages[position] = _merged(waiting, message)
                    return
        self._messages.append(message)

    def _wake(self) -> None:
        self._arrived.set()


def _merged(first: Message, second: Message) -> Message:
    lost = None if first.lost is None or second.lost is None else first.lost + second.lost
    return replace(second, lost=lost, count=first.count + second.count)
