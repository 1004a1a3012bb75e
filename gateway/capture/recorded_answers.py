"""What a recorded Modbus bus answers: for each request, the recorded answers in their order, again and again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.capture.exchanges import CapturedExchange, ExchangeEnd
from gateway.capture.modbus_meaning import LOOPBACK, find_answer, read_request
from gateway.model.readings import ProtocolKind

_SUBFUNCTION_BYTES = 3
_HEADER = 6
_Key = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What came after one request.

    Attributes:
        transaction: Number of the request in the recording; Modbus TCP only.
        pieces: Microseconds after the request, and the bytes that came then; none for silence. On Modbus TCP each
            piece is a frame, but for damage at the end.
        echoes: Whether it was an undamaged echo of a loopback. Its number is new each time, so the answer to another
            loopback is that one's own.
    """

    transaction: bytes
    pieces: tuple[tuple[int, bytes], ...]
    echoes: bool = False


_ECHO = RecordedAnswer(b"", ((0, b""),), echoes=True)


@dataclass
class _Answers:
    recorded: list[RecordedAnswer] = field(default_factory=list)
    following: int = 0


class RecordedAnswers:
    """Answers by request.

    Requests are the same when address and protocol data unit are; loopbacks, when all but the number in them is. An
    address that answered anything, and was never asked for a loopback, echoes one at once: masters of this kind ask for
    one before anything else, and a recording may have begun after that.

    Args:
        protocol: Framing on the wire.
        exchanges: The recording. One that was cut by its end or by lost events is left out.

    Attributes:
        count: Recorded answers, silence included.
    """

    def __init__(self, protocol: ProtocolKind, exchanges: Iterable[CapturedExchange]) -> None:
        self._answers: dict[_Key, _Answers] = {}
        self._present: set[int] = set()
        self.count = 0
        for exchange in exchanges:
            request = read_request(protocol, exchange.request)
            if request is None or exchange.end is ExchangeEnd.LOST:
                continue
            found = find_answer(protocol, request, exchange.answer)
            if found is None and exchange.end is ExchangeEnd.END_OF_CAPTURE:
                continue
            echoes = _is_loopback(request.data) and found is not None and found[0].data == request.data
            pieces = _frames(exchange.pieces) if protocol is ProtocolKind.MODBUS_TCP else exchange.pieces
            if echoes:
                pieces = ((pieces[-1][0], exchange.answer),)
            answer = RecordedAnswer(request.transaction, pieces, echoes)
            self._answers.setdefault(_key(request.unit, request.data), _Answers()).recorded.append(answer)
            self.count += 1
            if found is not None:
                self._present.add(request.unit)

    def __len__(self) -> int:
        """Distinct requests."""
        return len(self._answers)

    def next(self, unit: int, data: bytes) -> RecordedAnswer | None:
        """The next answer to a request, after the last one the first again; None if it was never asked.

        Args:
            unit: Modbus address.
            data: Protocol data unit.
        """
        answers = self._answers.get(_key(unit, data))
        if answers is None:
            return _ECHO if _is_loopback(data) and unit in self._present else None
        answer = answers.recorded[answers.following]
        answers.following = (answers.following + 1) % len(answers.recorded)
        return answer


def _frames(pieces: tuple[tuple[int, bytes], ...]) -> tuple[tuple[int, bytes], ...]:
    """The same bytes cut into frames of Modbus TCP, each with the time of its last byte."""
    frames: list[tuple[int, bytes]] = []
    rest, time_us = b"", 0
    for time_us, data in pieces:
        rest += data
        while len(rest) >= _HEADER and (size := _HEADER + int.from_bytes(rest[4:_HEADER], "big")) <= len(rest):
            frames.append((time_us, rest[:size]))
            rest = rest[size:]
    return (*frames, (time_us, rest)) if rest else tuple(frames)


def _is_loopback(data: bytes) -> bool:
    return data[0] == LOOPBACK and data[1:_SUBFUNCTION_BYTES] == b"\0\0"


def _key(unit: int, data: bytes) -> _Key:
    return unit, data[:_SUBFUNCTION_BYTES] if _is_loopback(data) else data
