"""The pvAccess client of p4p, for one server on loopback: found over TCP, and deaf to all others."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from p4p import Value
from p4p.client import raw
from p4p.client.thread import Context

PATIENCE_S = 20.0


@contextmanager
def pva_client(endpoint: str) -> Iterator[Context]:
    conf = {
        "EPICS_PVA_NAME_SERVERS": endpoint,
        "EPICS_PVA_ADDR_LIST": "",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_PVA_BROADCAST_PORT": "0",
    }
    with Context("pva", conf=conf, useenv=False, nt=False) as context:
        yield context


def got(endpoint: str, *names: str) -> list[Value]:
    """One structure for each name, over a connection of its own."""
    with pva_client(endpoint) as client:
        return list(client.get(list(names), timeout=PATIENCE_S))


class Events:
    """What a monitor sees, in order, its end included; `seen` are all events taken so far.

    p4p's own monitor (4.3, `client.thread`) loses an event that comes before it has returned; this one waits.
    """

    def __init__(self, client: Context, name: str) -> None:
        self._events: queue.Queue[Any] = queue.Queue()
        self.seen: list[Any] = []
        self._ready = threading.Event()
        self._subscription = raw.Context.monitor(client, name, self._take)
        self._ready.set()

    def _take(self) -> None:
        self._ready.wait()
        while (event := self._subscription.pop()) is not None:
            self._events.put(event)

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        """Take events until one is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            event = self._events.get(timeout=max(0.01, deadline - time.monotonic()))
            self.seen.append(event)
            if wanted(event):
                return event
