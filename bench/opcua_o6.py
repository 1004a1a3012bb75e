"""open62541, the OPC UA server in C, as its makers bring it to Python: the `o6` wheel.

It is no dependency of the gateway: `pip install o6` brings it for the bench. Without a licence its process ends after
ten minutes. The writes pass through its Python layer, the notifications are made in C.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from anyio.abc import TaskGroup

from bench.ports import free_port
from gateway.model.stamp import Stamp

MODULE = "o6"
_STANDARD_ERROR = 2


@contextmanager
def _silent() -> Iterator[None]:
    """It greets on standard error, past Python."""
    before = os.dup(_STANDARD_ERROR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STANDARD_ERROR)
        yield
    finally:
        os.dup2(before, _STANDARD_ERROR)
        os.close(before)
        os.close(nowhere)


class O6OpcUa:
    """A server with plain variables."""

    def __init__(self, devices: int, points: int) -> None:
        with _silent():
            self._o6: Any = import_module(MODULE)
        logging.disable(logging.CRITICAL)
        self._devices, self._points = devices, points
        self._nodes: list[list[Any]] = []

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:  # noqa: ARG002  it runs on the event loop
        port = free_port()
        self._server: Any = self._o6.Server(port=port)
        names = []
        for device in range(self._devices):
            folder = await self._server.addObject(f"a{device:02}", self._server.objectsNode)
            texts = [f"ns=1;s=a{device:02}/P{number:02}" for number in range(self._points)]
            self._nodes.append([await self._variable(folder, text) for text in texts])
            names += texts
        self._server.start()
        await self._server.waitReady()
        return {"url": f"opc.tcp://127.0.0.1:{port}", "names": names}

    async def _variable(self, folder: object, text: str) -> object:
        name = text.rpartition("/")[2]
        return await self._server.addVariable(name, folder, self._o6.Double(0.0), nodeId=text, writable=False)

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        data, double, now = self._o6.DataValue, self._o6.Double, datetime.now(UTC)
        await self._server.write(
            {
                node: data(value=double(value), sourceTimestamp=stamp.utc, serverTimestamp=now)
                for node, value in zip(self._nodes[device], values, strict=True)
            }
        )
