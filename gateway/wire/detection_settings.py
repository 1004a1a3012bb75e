"""How one wire is examined: how long is listened, who is asked, and how long an answer may take."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.model.bus_spec import BusSpec, Link, LinkKind
from gateway.model.readings import ProtocolKind, WireProtocol
from gateway.model.wire_time import byte_seconds

LOWEST_ADDRESS, HIGHEST_ADDRESS = 1, 247
"""Addresses of single devices (Modbus over serial line V1.02, section 2.2)."""

USUAL_ADDRESSES: tuple[int, ...] = tuple(dict.fromkeys((1, 30, *range(1, 33))))
"""1 is what most instruments leave the factory with; 32 are as many as one RS-485 segment carries."""

MODBUS_TCP_PORT = 502
_LOOPBACK_BYTES = {ProtocolKind.MODBUS_RTU: 8, ProtocolKind.MODBUS_ASCII: 17, ProtocolKind.MODBUS_TCP: 12}
_LONGEST_BYTES = {ProtocolKind.MODBUS_RTU: 256, ProtocolKind.MODBUS_ASCII: 513}
_SERIAL_ANSWER_S = 0.2
_NETWORK_ANSWER_S = 0.5
_USUAL_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class SerialFraming:
    """Data bits, parity and stop bits of a serial line."""

    bytesize: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stopbits: Literal[1, 2] = 1

    def __str__(self) -> str:
        return f"{self.bytesize}{self.parity[0].upper()}{self.stopbits}"


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """How one wire is examined.

    Attributes:
        baudrates: Bits per second to try, in this order. Behind a serial server the server sets them, so only the first
            counts there.
        framing: Data bits, parity and stop bits.
        addresses: Modbus addresses to ask, in this order.
        frame_interval_s: Longest time expected between two frames of an analyser that talks unasked.
        least_listening_s: Listen at least as long, whatever the frame interval.
        measuring_s: After the first frame, wait at most as long for a second one, to measure the interval.
        answer_s: Longest wait for an answer to a loopback; None for bytes at the baud rate and 0.2 s for the instrument
            (a 4100 answered within 20 to 40 ms), or 0.5 s through a network.
        reading_s: The same for the reads that identify an instrument; None for the timeout of the proved bus.
        idle_gap_ms: Silence before each request.
        rounds: How often a silent address is asked.
        ask_talking_line: Ask even where something else was heard.
    """

    baudrates: tuple[int, ...] = (19200,)
    framing: SerialFraming = field(default_factory=SerialFraming)
    addresses: tuple[int, ...] = USUAL_ADDRESSES
    frame_interval_s: float = 2.0
    least_listening_s: float = 5.0
    measuring_s: float = 10.0
    answer_s: float | None = None
    reading_s: float | None = None
    idle_gap_ms: float = 50.0
    rounds: int = 2
    ask_talking_line: bool = False

    def listening_s(self, longest_frame: int, baudrate: int) -> float:
        """How long to listen: two frame intervals and a frame, so that a whole frame must have come."""
        byte_s = byte_seconds(baudrate, self.framing.bytesize, self.framing.parity, self.framing.stopbits)
        return max(2 * self.frame_interval_s + longest_frame * byte_s, self.least_listening_s)

    def rates(self, link: Link) -> tuple[int, ...]:
        """Baud rates that can be tried on a link."""
        return self.baudrates[:1] if link.kind is LinkKind.SOCKET else self.baudrates

    def protocols(self, link: Link) -> Iterator[WireProtocol]:
        """Modbus framings that can be asked for on a link, in a sensible order.

        An RTU or ASCII request does no harm to a Modbus TCP gateway, which refuses both by their header: where it
        expects a length of at most 254, an RTU loopback has its number, and that is never below 0x8000. Nothing reaches
        the line behind. A Modbus TCP request to a serial server in raw mode does reach the line, where it has no right
        CRC and no colon. So Modbus TCP comes last, but for the port that is registered for it.
        """
        serial: list[WireProtocol] = [ProtocolKind.MODBUS_RTU] if self.framing.bytesize == 8 else []
        serial.append(ProtocolKind.MODBUS_ASCII)
        if link.kind is LinkKind.SERIAL:
            yield from serial
        elif link.kind is LinkKind.SOCKET:
            first = link.port == MODBUS_TCP_PORT
            yield from [ProtocolKind.MODBUS_TCP, *serial] if first else [*serial, ProtocolKind.MODBUS_TCP]

    def bus(self, link: Link, protocol: WireProtocol, baudrate: int) -> BusSpec:
        """The bus as the settings file should have it, if this is what the link is.

        On slow lines the usual timeout of 1 s would cut off the longest answers.
        """
        parts = self.framing
        spec = BusSpec(str(link), protocol, baudrate, parts.bytesize, parts.parity, parts.stopbits)
        longest_s = _LONGEST_BYTES.get(protocol, 0) * spec.timing.byte_s + _USUAL_TIMEOUT_S / 2
        timeout_s = max(_USUAL_TIMEOUT_S, math.ceil(10 * longest_s) / 10, self.answer_s or 0.0)
        return replace(spec, timeout_s=timeout_s)

    def asking(self, spec: BusSpec) -> BusSpec:
        """The bus with the short patience that looking for instruments needs."""
        answer_s = self.answer_s
        if answer_s is None:
            patience_s = _SERIAL_ANSWER_S if spec.parsed_link.kind is LinkKind.SERIAL else _NETWORK_ANSWER_S
            answer_s = patience_s + 2 * _LOOPBACK_BYTES[spec.protocol] * spec.timing.byte_s
        return replace(spec, timeout_s=answer_s, attempts=1, idle_gap_ms=self.idle_gap_ms)

    def reading(self, spec: BusSpec) -> BusSpec:
        """The bus with the patience of a running gateway, or the one asked for."""
        return replace(spec, timeout_s=self.reading_s or spec.timeout_s, idle_gap_ms=self.idle_gap_ms)
