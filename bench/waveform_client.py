"""One client of waveforms over one protocol, which looks at every sample: each must be the one after the last.

The simulated device counts: a sample's value is its number modulo 65,536, spread over -10 to 10.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.child import answer_marks
from bench.epics_pva_client import Monitor

_CODES = 65_536
_PATIENCE_S = 30.0

Samples = NDArray[np.float64]


class Continuity:
    """Counts the samples of one channel, and those that should have come between them.

    Args:
        counted: Where all channels of a client are counted.
    """

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._next: int | None = None

    def take(self, samples: Samples) -> None:
        """One block, in the order in which it came."""
        if not len(samples):
            return
        codes = np.rint((samples + 10.0) * (_CODES / 20.0)).astype(np.int64)
        counted = self._counted
        counted.torn += int(np.count_nonzero(np.diff(codes) % _CODES != 1))
        first = int(codes[0])
        if self._next is not None and first != self._next:
            counted.gaps += 1
        self._next = (int(codes[-1]) + 1) % _CODES
        counted.blocks += 1
        counted.samples += len(samples)
        counted.begun.set()


class Counted:
    """What one client has seen since it was last asked."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self._cpu_s = time.process_time()
        self._forget()

    def _forget(self) -> None:
        self.blocks = self.samples = self.gaps = self.torn = 0

    def take(self) -> dict[str, float]:
        """Blocks, samples, gaps between blocks, steps inside of blocks that are none of 1, and CPU seconds."""
        before, self._cpu_s = self._cpu_s, time.process_time()
        answer = {
            "blocks": self.blocks,
            "samples": self.samples,
            "gaps": self.gaps,
            "torn": self.torn,
            "cpu_s": self._cpu_s - before,
        }
        self._forget()
        return answer


async def _channel_access(task: dict[str, Any], takers: Sequence[Callable[[Samples], None]]) -> object:
    os.environ.update(task["environment"])
    catools = import_module("aioca")
    heard = [lambda value, take=take: take(np.asarray(value, float)) for take in takers]
    return [catools.camonitor(name, take, all_updates=True) for name, take in zip(task["names"], heard, strict=True)]


async def _pv_access(task: dict[str, Any], takers: Sequence[Callable[[Samples], None]]) -> object:
    context = import_module("p4p.client.raw").Context("pva", conf=task["environment"], useenv=False, nt=False)
    heard = [lambda value, take=take: take(np.asarray(value["value"], float)) for take in takers]
    return context, [Monitor(context, name, take) for name, take in zip(task["names"], heard, strict=True)]


class _Notified:
    """What asyncua calls.

    Args:
        takers: By NodeId.
    """

    def __init__(self, takers: dict[Any, Callable[[Samples], None]]) -> None:
        self._takers = takers

    def datachange_notification(self, node: Any, value: object, _data: object) -> None:  # noqa: ANN401  asyncua's Node
        if value is not None:
            self._takers[node.nodeid](np.asarray(value, float))


async def _opcua(task: dict[str, Any], takers: Sequence[Callable[[Samples], None]]) -> object:
    from asyncua import ua
    from asyncua.client.client import Client

    client = Client(task["url"], timeout=30)
    await client.connect()
    nodes = [client.get_node(name) for name in task["names"]]
    handler = _Notified({node.nodeid: take for node, take in zip(nodes, takers, strict=True)})
    subscription = await client.create_subscription(50, handler)
    await subscription.subscribe_data_change(nodes, queuesize=100, sampling_interval=ua.Double(0))
    return client, subscription


_PROTOCOLS = {"epics_ca": _channel_access, "epics_pva": _pv_access, "opcua": _opcua}


async def main(task: dict[str, Any]) -> None:
    """Follow `names` over `protocol`, and answer marks."""
    logging.disable(logging.WARNING)
    counted = Counted()
    takers = [Continuity(counted).take for _name in task["names"]]
    kept = await _PROTOCOLS[task["protocol"]](task, takers)
    await asyncio.wait_for(asyncio.to_thread(counted.begun.wait), _PATIENCE_S)
    counted.take()
    await answer_marks(counted.take)
    del kept


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
