"""From a bus of the settings to the wire that its drivers use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from gateway.model.bus_spec import BusSpec, LinkKind
from gateway.model.stamp import Clock
from gateway.ports import ByteLink
from gateway.wire.tap import WireEventKind, WireTap


@dataclass(frozen=True, slots=True)
class ByteLinkOpener:
    """Opens byte links on one bus; a `ports.LinkOpener`."""

    name: str
    spec: BusSpec
    clock: Clock
    tap: WireTap = field(default_factory=WireTap)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ByteLink]:
        """Open the wire; see `ports.LinkOpener.open`."""
        async with self._link() as link:
            self.tap.see(WireEventKind.OPENED, self.clock.stamp())
            try:
                yield link
            finally:
                self.tap.see(WireEventKind.CLOSED, self.clock.stamp())

    def _link(self) -> AbstractAsyncContextManager[ByteLink]:
        kind = self.spec.parsed_link.kind
        if kind is LinkKind.SOCKET:
            from gateway.wire.tcp import open_socket

            return open_socket(self.name, self.spec, self.clock, self.tap)
        from gateway.wire.serial import open_rfc2217, open_serial

        if kind is LinkKind.RFC2217:
            return open_rfc2217(self.name, self.spec, self.clock, self.tap)
        return open_serial(self.name, self.spec, self.clock, self.tap)
