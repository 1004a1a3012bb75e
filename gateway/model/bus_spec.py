"""How the settings describe one bus: the wire, its framing and its manners."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from gateway.model.readings import ProtocolKind, WireProtocol
from gateway.model.wire_time import LineTiming, byte_seconds


class LinkKind(StrEnum):
    """What the bytes travel on."""

    SERIAL = "serial"
    SOCKET = "socket"
    RFC2217 = "rfc2217"


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a wire: a serial port by path, or a TCP endpoint by host and port."""

    kind: LinkKind
    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Link:
        """Read `/dev/ttyUSB0`, `COM3`, `socket://host:port` or `rfc2217://host:port`.

        Raises:
            ValueError: The text is none of these; the message says why.
        """
        if "://" not in text:
            if not text:
                raise ValueError("a link needs a serial port, socket://host:port or rfc2217://host:port")
            return cls(LinkKind.SERIAL, path=text)
        parts = urlsplit(text)
        if parts.scheme not in ("socket", "rfc2217"):
            raise ValueError(f"unknown link scheme '{parts.scheme}'; use a serial port, socket:// or rfc2217://")
        try:
            port = parts.port
        except ValueError:
            port = None
        if not parts.hostname or not port or parts.path or parts.query:
            raise ValueError(f"'{text}' must be {parts.scheme}://host:port with a port from 1 to 65535")
        return cls(LinkKind(parts.scheme), host=parts.hostname, port=port)

    def __str__(self) -> str:
        return self.path if self.kind is LinkKind.SERIAL else f"{self.kind}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class BusSpec:
    """One bus of the settings file.

    The defaults are those of a Servomex 4100 on the bench: 19200 baud, 8 data bits, no parity, 1 stop bit; with 50 ms
    of silence before each request no transaction was lost there, at 2 ms a quarter was.

    Attributes:
        link: Serial port, `socket://host:port` or `rfc2217://host:port`.
        protocol: Framing on the wire.
        baudrate: Bits per second. On a TCP link it still says how fast the line behind the serial server is.
        bytesize: Data bits.
        parity: Parity bit.
        stopbits: Stop bits.
        idle_gap_ms: Silence after the last received byte before the next request.
        timeout_s: Longest wait for an answer, per attempt.
        attempts: How often a read is tried before it counts as failed.
        turnaround_ms: Expected time from request to answer; for the time budget, and for what counts as slow.
    """

    link: str
    protocol: WireProtocol
    baudrate: int = 19200
    bytesize: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stopbits: Literal[1, 2] = 1
    idle_gap_ms: float = 50.0
    timeout_s: float = 1.0
    attempts: int = 3
    turnaround_ms: float = 30.0

    @property
    def parsed_link(self) -> Link:
        """The link as its parts."""
        return Link.parse(self.link)

    @property
    def timing(self) -> LineTiming:
        """What a byte and a transaction cost here. Modbus TCP has no serial line of known speed, so bytes are free."""
        on_network = self.protocol is ProtocolKind.MODBUS_TCP
        byte_s = 0.0 if on_network else byte_seconds(self.baudrate, self.bytesize, self.parity, self.stopbits)
        return LineTiming(byte_s, self.idle_gap_ms / 1000, self.turnaround_ms / 1000)
