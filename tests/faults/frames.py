"""Frames as they travel: where one ends, how to flip one bit of it, and how to give it another address."""

from __future__ import annotations

from gateway.model.readings import ProtocolKind
from gateway.simulator.ascii_framing import lrc
from gateway.simulator.rtu_framing import crc16

_RTU_CHECK = 2
_RTU_FIXED = 8
_RTU_EXCEPTION = 5
_COUNTED_ANSWERS = (1, 2, 3, 4)
_MBAP_HEADER = 7
_MBAP_CHECKED = (2, 3, 6)
_LINE_ENDS = {ProtocolKind.MODBUS_ASCII: b"\r\n", ProtocolKind.CONTINUOUS: b"\n"}


class FrameCutter:
    """Cuts a stream of undamaged bytes into frames.

    Args:
        protocol: What is spoken.
        answers: Whether the bytes come from the analyser; RTU frames tell their length in another place then.
    """

    def __init__(self, protocol: ProtocolKind, *, answers: bool) -> None:
        self._protocol = protocol
        self._answers = answers
        self._buffer = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they come and return the frames they complete."""
        self._buffer += data
        frames = []
        while (size := self._size()) and len(self._buffer) >= size:
            frames.append(self._buffer[:size])
            self._buffer = self._buffer[size:]
        return frames

    def _size(self) -> int:
        """Bytes of the frame at the beginning of the buffer, 0 while they cannot be told."""
        if end := _LINE_ENDS.get(self._protocol):
            return self._buffer.find(end) + len(end) if end in self._buffer else 0
        if self._protocol is ProtocolKind.MODBUS_TCP:
            return 6 + int.from_bytes(self._buffer[4:6], "big") if len(self._buffer) > _MBAP_HEADER else 0
        if len(self._buffer) <= _RTU_CHECK:
            return 0
        function = self._buffer[1]
        if self._answers and function & 0x80:
            return _RTU_EXCEPTION
        if self._answers and function in _COUNTED_ANSWERS:
            return 3 + self._buffer[2] + _RTU_CHECK
        return _RTU_FIXED


def with_bit_flipped(protocol: ProtocolKind, frame: bytes, bit: int) -> bytes:
    """The frame with one bit flipped, counted from its first byte and taken modulo the bits there are.

    One flipped bit never yields another value, whichever bit it is:

    * RTU: a single error is the polynomial x^k, and no power of x is a multiple of CRC-16's generator, which has more
      than one term.
    * ASCII and continuous: one character changes, so a sum of numbers modulo 256 or 65536 changes by a power of two
      that is no multiple of it; or the character is no digit any more, or it is the same digit in lower case.
    * Modbus/TCP carries no check, as TCP has its own. Only a faulty peer flips bits there, and only its header can show
      it, so a bit of the protocol number or of the unit is flipped. A wrong length would outlast the fault: it takes
      what follows in the stream with it.
    """
    places = _MBAP_CHECKED if protocol is ProtocolKind.MODBUS_TCP else range(len(frame))
    index, shift = divmod(bit % (8 * len(places)), 8)
    place = places[index]
    return frame[:place] + bytes([frame[place] ^ 1 << shift]) + frame[place + 1 :]


def address_of(protocol: ProtocolKind, frame: bytes) -> int | None:
    """The Modbus address in a frame; None in a continuous one."""
    if protocol is ProtocolKind.MODBUS_TCP:
        return frame[_MBAP_HEADER - 1]
    if protocol is ProtocolKind.MODBUS_RTU:
        return frame[0]
    return int(frame[1:3], 16) if protocol is ProtocolKind.MODBUS_ASCII else None


def with_address(protocol: ProtocolKind, frame: bytes, unit: int) -> bytes:
    """The frame as another Modbus address would have sent it, with a check that is right.

    Raises:
        ValueError: Continuous frames carry no address.
    """
    if protocol is ProtocolKind.MODBUS_TCP:
        return frame[: _MBAP_HEADER - 1] + bytes([unit]) + frame[_MBAP_HEADER:]
    if protocol is ProtocolKind.MODBUS_RTU:
        body = bytes([unit]) + frame[1:-_RTU_CHECK]
        return body + crc16(body).to_bytes(_RTU_CHECK, "little")
    if protocol is ProtocolKind.MODBUS_ASCII:
        body = bytes([unit]) + bytes.fromhex(frame[3:-4].decode())
        return b":" + (body + bytes([lrc(body)])).hex().upper().encode() + b"\r\n"
    raise ValueError("continuous frames carry no address")
