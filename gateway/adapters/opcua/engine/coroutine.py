"""asyncua's write path is declared `async` but never waits; here it runs as the plain call that it is."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from gateway.errors import AdapterError

T = TypeVar("T")


def run_without_suspending(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end at once.

    Raises:
        AdapterError: It wanted to wait: then a tick would no longer be atomic, so this is a fault of the program.
    """
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    coroutine.close()
    raise AdapterError(
        f"{coroutine!r} suspended on the path that must not", where="opcua", hint="report this as a bug of the gateway"
    )
