"""Notices that a device which should be running says nothing."""

from __future__ import annotations

from gateway.daq.bridge import Bridge
from gateway.daq.buffer_pool import BufferPool
from gateway.daq.messages import Message, MessageKind
from gateway.model.schedule import NS_PER_S
from gateway.model.stamp import Clock

MIN_LIMIT_NS = NS_PER_S
"""Below this, silence says more about a busy machine than about the device."""


class Watchdog:
    """Posts one STALLED message per silence.

    It is no silence while messages wait in the bridge, for then the consumer is slow; nor while the device has no
    buffer, for then the source is.

    Args:
        bridge: Where the device's messages pass.
        pool: Knows what the device has.
        clock: Time.
        blocks: Block periods of silence that are too much; None for no watch.
        block_period_ns: Nominal time between blocks.
        armed: Watch from the start; without, from the first message on, for devices that wait for a trigger.
    """

    def __init__(
        self,
        bridge: Bridge,
        pool: BufferPool,
        clock: Clock,
        *,
        blocks: float | None,
        block_period_ns: float,
        armed: bool,
    ) -> None:
        self._bridge = bridge
        self._pool = pool
        self._clock = clock
        self.limit_ns = None if blocks is None else max(MIN_LIMIT_NS, round(blocks * block_period_ns))
        self._armed = armed
        self._heard_ns = 0

    def feed(self, message: Message) -> None:
        """A message has been taken up."""
        if message.kind is not MessageKind.STALLED:
            self._armed = True
            self.restart()

    def restart(self) -> None:
        """The device has something to do again; count from now."""
        self._heard_ns = self._clock.monotonic_ns()

    async def run(self) -> None:
        """Watch until cancelled."""
        if self.limit_ns is None:
            return
        self.restart()
        reported_ns = -1
        while True:
            now_ns = self._clock.monotonic_ns()
            if not self._armed or self._bridge.waiting or not self._pool.with_device:
                self._heard_ns = now_ns
            due_ns = self._heard_ns + self.limit_ns
            if now_ns >= due_ns:
                if reported_ns != self._heard_ns:
                    reported_ns = self._heard_ns
                    self._bridge.post(Message(MessageKind.STALLED, now_ns))
                due_ns = now_ns + self.limit_ns
            await self._clock.sleep_until(due_ns)
