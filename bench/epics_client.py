"""libca of EPICS base for the bench, called through ctypes: monitors that are counted, not decoded.

Python needs more time for one event than a server needs to send it, so a plain client would measure itself. libca takes
all events; of many PVs, Python hears of every tenth. Several clients are several contexts of libca, each with a circuit
of its own.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import threading
import time
from importlib import import_module
from typing import Any

from bench.child import answer_marks
from bench.cores import pin
from bench.latency import Latency

_TIME_DOUBLE = 20
_VALUE_AND_ALARM = 1 | 4
_NORMAL = 1
_EPICS_EPOCH = 631_152_000
_PATIENCE_S = 30.0
_MANY = 100
_EVERY = 10


class EventArguments(ctypes.Structure):
    """`struct event_handler_args` of cadef.h."""

    _fields_ = (
        ("user", ctypes.c_void_p),
        ("channel", ctypes.c_void_p),
        ("type", ctypes.c_long),
        ("count", ctypes.c_long),
        ("message", ctypes.c_void_p),
        ("status", ctypes.c_int),
    )


class Clients:
    """Clients of one server, each with monitors on all PVs.

    Args:
        names: PV names.
        number: How many clients there will be.
        latency: Where events are counted.
    """

    def __init__(self, names: list[str], number: int, latency: Latency) -> None:
        self.complete = threading.Event()
        self._step = _EVERY if len(names) >= _MANY else 1
        self._missing = number * len(names[self._step - 1 :: self._step])
        self._names = names
        self._latency = latency
        self._library = ctypes.CDLL(import_module("epicscorelibs.path").get_lib("ca"))
        self._library.ca_pend_io.argtypes = [ctypes.c_double]
        self._heard = ctypes.CFUNCTYPE(None, EventArguments)(self._arrived)
        self._unheard = self._library.ca_version  # a handler that is no trouble: it looks at no arguments
        self._lock = threading.Lock()

    def _arrived(self, arguments: EventArguments) -> None:
        seconds = ctypes.c_uint32.from_address(arguments.message + 4).value + _EPICS_EPOCH
        nanoseconds = ctypes.c_uint32.from_address(arguments.message + 8).value
        with self._lock:
            self._latency.arrived(self._step, seconds * 1_000_000 + nanoseconds // 1000)
            if self._missing:
                self._missing -= 1
                if not self._missing:
                    self.complete.set()

    def connect(self) -> None:
        """Add one client, in a thread of its own: a context of libca belongs to a thread.

        Raises:
            RuntimeError: It cannot connect.
        """
        library = self._library
        library.ca_context_create(1)
        channels = [ctypes.c_void_p() for _ in self._names]
        for name, channel in zip(self._names, channels, strict=True):
            library.ca_create_channel(name.encode(), None, None, 0, ctypes.byref(channel))
        if library.ca_pend_io(_PATIENCE_S) != _NORMAL:
            raise RuntimeError("not all PVs can be reached")
        for number, channel in enumerate(channels, start=1):
            handler = self._unheard if number % self._step else self._heard
            library.ca_create_subscription(
                _TIME_DOUBLE, ctypes.c_ulong(1), channel, ctypes.c_long(_VALUE_AND_ALARM), handler, None, None
            )
        library.ca_flush_io()


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    latency = Latency()
    clients = Clients(task["names"], task["clients"], latency)
    ended = threading.Event()

    def live(connected: asyncio.Event) -> None:
        clients.connect()
        loop.call_soon_threadsafe(connected.set)
        ended.wait()

    loop = asyncio.get_running_loop()
    for _ in range(task["clients"]):
        connected = asyncio.Event()
        threading.Thread(target=live, args=(connected,), daemon=True).start()
        await asyncio.wait_for(connected.wait(), _PATIENCE_S)
    await asyncio.wait_for(asyncio.to_thread(clients.complete.wait), _PATIENCE_S)
    latency.take()
    cpu = time.process_time()

    def mark() -> dict[str, float]:
        nonlocal cpu
        before, cpu = cpu, time.process_time()
        return {**latency.take(), "cpu_s": cpu - before}

    await answer_marks(mark)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
