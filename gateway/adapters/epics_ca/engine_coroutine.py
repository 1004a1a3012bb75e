"""caproto's publishing is declared `async`; with queues that never wait it runs as the plain call that it then is."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from gateway.errors import AdapterError


def run_without_suspending(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run to the end at once.

    Raises:
        AdapterError: It wanted to wait: then a tick would no longer be atomic, so this is a fault of the program.
    """
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AdapterError(
        f"{coroutine!r} suspended on the path that must not", where="epics_ca", hint="report this as a bug"
    )
