"""A library with the shape of the family and nothing else; `behaviour` chooses what goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Self

import anyio

LIMIT = 7.0


class ToyConnectionError(Exception):
    """The instrument is gone."""


class ToyConfigurationError(Exception):
    """The call cannot be right."""


class Device:
    """Opened and closed as its users do it."""

    opened = 0
    closed = 0

    def __init__(self, port: str, limit: float) -> None:
        self.port = port
        self.limit = limit

    async def __aenter__(self) -> Self:
        type(self).opened += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        await anyio.lowlevel.checkpoint()
        type(self).closed += 1


async def open_device(*, port: str, limit: float = 0.0) -> Device:
    await anyio.lowlevel.checkpoint()
    if port == "missing":
        raise ToyConnectionError("no such port")
    if port == "wrong":
        raise ToyConfigurationError("no such protocol")
    return Device(port, limit)


class Payloads:
    """Ends, fails or goes on after the third payload."""

    def __init__(self, behaviour: str, device: Device, summary: SimpleNamespace) -> None:
        self._behaviour = behaviour
        self._device = device
        self._summary = summary

    def __aiter__(self) -> Payloads:
        return self

    async def __anext__(self) -> dict[str, Any]:
        await anyio.sleep(0.001)
        self._summary.samples_emitted += 1
        if self._summary.samples_emitted > 3:
            if self._behaviour == "ends":
                raise StopAsyncIteration
            if self._behaviour == "raises":
                raise ToyConnectionError("unplugged")
        return {"number": float(self._summary.samples_emitted), "limit": self._device.limit}


@asynccontextmanager
async def record(*, device: Device, rate_hz: float, behaviour: str = "") -> AsyncIterator[SimpleNamespace]:
    summary = SimpleNamespace(samples_emitted=0)
    try:
        async with anyio.create_task_group() as tasks:
            if behaviour == "dies":
                tasks.start_soon(die)
            yield SimpleNamespace(stream=Payloads(behaviour, device, summary), summary=summary, rate_hz=rate_hz)
            tasks.cancel_scope.cancel()
        if behaviour == "ends":
            raise ToyConnectionError("unplugged")
    finally:
        if behaviour in ("hangs", "hangs for ever"):
            with anyio.CancelScope(shield=True):
                await hang(for_ever=behaviour == "hangs for ever")


async def numbers(*, limit: float) -> AsyncIterator[dict[str, float]]:
    """The shortest recording there is: a generator of values by name."""
    Device.opened += 1
    try:
        for number in range(1, 1000):
            await anyio.sleep(0.001)
            yield {"number": float(number), "limit": limit}
    finally:
        Device.closed += 1


async def die() -> None:
    await anyio.sleep(0.01)
    raise ToyConnectionError("unplugged")


RELEASED: list[anyio.Event] = []


async def hang(*, for_ever: bool) -> None:
    """Wait for a thread that does not come; for ever, however often it is told to stop."""
    release = anyio.Event()
    RELEASED.append(release)
    while True:
        try:
            await release.wait()
        except BaseException:
            if not for_ever or release.is_set():
                raise
        else:
            return
