"""Between the event loop and threads that are not its own: a driver's callbacks, and calls that may never come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import anyio

T = TypeVar("T")

CallSoon = Callable[[Callable[[], None]], object]


def call_soon_from_thread() -> CallSoon:
    """What runs a function on the running event loop from any thread, at once for the caller.

    anyio's own way would make the calling thread wait, which a real-time callback must not.
    """
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        import trio

        return trio.lowlevel.current_trio_token().run_sync_soon


INLINE_SAMPLES = 65_536
"""Up to this many samples an array is converted, copied or checked on the event loop: that takes about 0.1 ms, and a
hop into a worker thread and back takes longer."""


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """Call a function in a thread of its own; if it never comes back, the program can end all the same.

    Worker threads of anyio would be waited for at the end of the program. A cancelled call is left to itself.

    Raises:
        BaseException: What the function raises.
    """
    call_soon, done = call_soon_from_thread(), anyio.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            call_soon(done.set)

    threading.Thread(target=run, name="DAQ call", daemon=True).start()
    await done.wait()
    if errors:
        raise errors[0]
    return results[0]
