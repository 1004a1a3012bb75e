"""From a bus of the settings to the wire that its drivers use."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from gateway.model.bus_spec import BusSpec, LinkKind
from gateway.model.stamp import Clock
from gateway.ports import ByteLink


@dataclass(frozen=True, slots=True)
class ByteLinkOpener:
    """Opens byte links on one bus; a `ports.LinkOpener`."""

    name: str
    spec: BusSpec
    clock: Clock

    def open(self) -> AbstractAsyncContextManager[ByteLink]:
        """Open the wire; see `ports.LinkOpener.open`."""
        kind = self.spec.parsed_link.kind
        if kind is LinkKind.SOCKET:
            from gateway.wire.tcp import open_socket

            return open_socket(self.name, self.spec, self.clock)
        from gateway.wire.serial import open_rfc2217, open_serial

        if kind is LinkKind.RFC2217:
            return open_rfc2217(self.name, self.spec, self.clock)
        return open_serial(self.name, self.spec, self.clock)
