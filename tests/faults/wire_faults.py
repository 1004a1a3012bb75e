"""What a wire can do to the frames of one direction. Order is always kept: no real line lets bytes overtake others."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable

import anyio

from gateway.model.readings import ProtocolKind
from tests.faults.frames import address_of, with_address, with_bit_flipped

Deliver = Callable[[bytes], Awaitable[None]]
"""Puts bytes on the far side of the wire, as one piece."""


class WireFault:
    """No fault: each frame is passed on as it came."""

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """Take one frame and deliver what arrives of it."""
        await deliver(frame)

    async def crossed(self, deliver: Deliver) -> None:
        """A frame has just been passed on in the other direction."""

    async def end(self, deliver: Deliver) -> None:
        """Deliver what is still held, because the fault is over."""

    def forget(self) -> None:
        """The gateway has connected anew: what was held for its last connection is lost."""


class Drop(WireFault):
    """Swallow frames.

    Args:
        frames: How many; those after them pass.
    """

    def __init__(self, frames: float = math.inf) -> None:
        self._frames = frames

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        self._frames -= 1
        if self._frames < 0:
            await deliver(frame)


class Delay(WireFault):
    """Pass on one frame after the other, each after some time; whoever sends faster falls behind.

    Args:
        seconds: How long each takes.
        frames: How many are delayed; those after them are not.
    """

    def __init__(self, seconds: float, frames: float = math.inf) -> None:
        self._seconds = seconds
        self._frames = frames

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        self._frames -= 1
        if self._frames >= 0:
            await anyio.sleep(self._seconds)
        await deliver(frame)


class Duplicate(WireFault):
    """Pass on every frame twice."""

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        await deliver(frame)
        await deliver(frame)


class Split(WireFault):
    """Pass on a few bytes at a time, with a pause after each piece."""

    def __init__(self, pause_s: float, piece: int = 1) -> None:
        self._pause_s = pause_s
        self._piece = piece

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        for start in range(0, len(frame), self._piece):
            await deliver(frame[start : start + self._piece])
            await anyio.sleep(self._pause_s)


class Garble(WireFault):
    """Flip exactly one bit of every frame, another one each time; see `with_bit_flipped`."""

    def __init__(self, protocol: ProtocolKind, seed: int) -> None:
        self._protocol = protocol
        self._random = random.Random(seed)

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        await deliver(with_bit_flipped(self._protocol, frame, self._random.randrange(8 * len(frame))))


class Noise(WireFault):
    """Put foreign bytes in front of every frame."""

    def __init__(self, noise: bytes) -> None:
        self._noise = noise

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        await deliver(self._noise)
        await deliver(frame)


class WrongAddress(WireFault):
    """Let every frame look as if it came from, or went to, another Modbus address; its check is right."""

    def __init__(self, protocol: ProtocolKind, unit: int) -> None:
        self._protocol = protocol
        self._unit = unit

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        await deliver(with_address(self._protocol, frame, self._unit))


class Stall(WireFault):
    """Deliver nothing; at the end, deliver everything that came meanwhile, in order."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    async def carry(self, frame: bytes, deliver: Deliver) -> None:  # noqa: ARG002
        """See `WireFault`."""
        self._held.append(frame)

    async def end(self, deliver: Deliver) -> None:
        """See `WireFault`."""
        held, self._held = self._held, []
        for frame in held:
            await deliver(frame)

    def forget(self) -> None:
        """See `WireFault`."""
        self._held.clear()


class Merge(Stall):
    """Pass frames on several at a time, as one piece."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        self._held.append(frame)
        if len(self._held) == self._count:
            await self.end(deliver)

    async def end(self, deliver: Deliver) -> None:
        """See `WireFault`."""
        if self._held:
            held, self._held = self._held, []
            await deliver(b"".join(held))


class OneBehind(Stall):
    """Hold each answer until the next request has been sent: the wire is one answer behind for as long as it lasts.

    Args:
        unharmed: Frames that still come in time.
    """

    def __init__(self, unharmed: int = 0) -> None:
        super().__init__()
        self._unharmed = unharmed

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        if self._unharmed:
            self._unharmed -= 1
            await deliver(frame)
        else:
            await super().carry(frame, deliver)

    async def crossed(self, deliver: Deliver) -> None:
        """See `WireFault`."""
        await self.end(deliver)


class OnAddress(WireFault):
    """Another fault, but only for the frames of one address; all others pass unharmed."""

    def __init__(self, protocol: ProtocolKind, unit: int, fault: WireFault) -> None:
        self._protocol = protocol
        self._unit = unit
        self._fault = fault

    async def carry(self, frame: bytes, deliver: Deliver) -> None:
        """See `WireFault`."""
        if address_of(self._protocol, frame) == self._unit:
            await self._fault.carry(frame, deliver)
        else:
            await deliver(frame)

    async def crossed(self, deliver: Deliver) -> None:
        """See `WireFault`."""
        await self._fault.crossed(deliver)

    async def end(self, deliver: Deliver) -> None:
        """See `WireFault`."""
        await self._fault.end(deliver)

    def forget(self) -> None:
        """See `WireFault`."""
        self._fault.forget()
