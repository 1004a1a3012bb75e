"""Keeping Python's garbage collector away from what stays: address spaces and tables of records."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_searched_for_garbage() -> Iterator[None]:
    """Leave what exists now out of garbage collection for the length of a block.

    asyncua's standard address space is half a million objects; a full collection visits all of them and holds the event
    loop for 0.1 s, which acquisition feels.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def not_collecting_garbage() -> Iterator[None]:
    """Collect no garbage for the length of a block that only builds.

    Ten thousand nodes are some hundred thousand objects, and collections among them would take a fifth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
