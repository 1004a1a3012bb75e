"""A Modbus bus that was only listened to: telling another master's requests from the answers to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.capture.events import CapturedEvent, EventKind
from gateway.capture.modbus_meaning import ModbusRequest, is_answer, read_request
from gateway.model.readings import ProtocolKind
from gateway.wire.modbus_frames import answer_frames

_LONGEST_FRAME = 513
_SILENCE_US = 200_000
"""What belongs to one frame never has such a pause in it, even behind a serial server."""

_FIXED_REQUESTS = (1, 2, 3, 4, 5, 6, 8)
_FIXED_BYTES = 8
_COUNTED_REQUESTS = (15, 16)
_COUNT_AT = 6
_CHECK_BYTES = 2

_Part = tuple[EventKind, bytes]


def overheard(protocol: ProtocolKind, events: Iterable[CapturedEvent]) -> Iterator[CapturedEvent]:
    """The same traffic as if the master itself had captured it: requests become sent events, each in one piece.

    A frame is an answer if it fits the request before it, otherwise a request. Each is stamped with the arrival of its
    last byte. Bytes that are no whole frame stay received ones.
    """
    ear = _Ear(protocol)
    last: CapturedEvent | None = None
    for event in events:
        received = event.kind is EventKind.RECEIVED
        if last is not None and (not received or event.offset_us - last.offset_us > _SILENCE_US):
            yield from _events(last, ear.silence())
        if received:
            yield from _events(event, ear.hear(event.data))
        else:
            ear.forget_request()
            yield event
        last = event
    if last is not None:
        yield from _events(last, ear.silence())


def _events(at: CapturedEvent, parts: Iterable[_Part]) -> Iterator[CapturedEvent]:
    return (replace(at, kind=kind, data=data, lost=0) for kind, data in parts)


class _Ear:
    """Cuts what is heard into requests, answers and the rest."""

    def __init__(self, protocol: ProtocolKind) -> None:
        self._protocol = protocol
        self._pending = b""
        self._asked: ModbusRequest | None = None

    def forget_request(self) -> None:
        """The next frame is no answer to the last one."""
        self._asked = None

    def hear(self, data: bytes) -> Iterator[_Part]:
        """Take bytes."""
        self._pending += data
        yield from self._cut(final=False)

    def silence(self) -> Iterator[_Part]:
        """Nothing more belongs to what was heard."""
        yield from self._cut(final=True)

    def _cut(self, *, final: bool) -> Iterator[_Part]:
        noise = b""
        while self._pending:
            part = self._frame()
            if part is None:
                if not final and len(self._pending) <= _LONGEST_FRAME:
                    break
                part = EventKind.RECEIVED, self._pending[:1]
                noise += self._pending[:1]
            else:
                if noise:
                    yield EventKind.RECEIVED, noise
                    noise = b""
                yield part
            self._pending = self._pending[len(part[1]) :]
        if noise:
            yield EventKind.RECEIVED, noise

    def _frame(self) -> _Part | None:
        """The whole frame at the beginning of what is pending."""
        if self._asked is not None:
            frames, _ = answer_frames(self._protocol, self._pending)
            if frames and is_answer(self._asked, frames[0]):
                self._asked = None
                return EventKind.RECEIVED, self._pending[: frames[0].length]
        raw = self._pending[: self._request_size()]
        request = read_request(self._protocol, raw)
        if request is None:
            return None
        self._asked = request
        return EventKind.SENT, raw

    def _request_size(self) -> int:
        """Bytes of the request that would begin here; all there are where only silence tells."""
        data = self._pending
        if self._protocol is ProtocolKind.MODBUS_ASCII:
            return data.find(b"\n") + 1
        function = data[1] if len(data) > 1 else 0
        if function in _FIXED_REQUESTS:
            return _FIXED_BYTES
        if function in _COUNTED_REQUESTS and len(data) > _COUNT_AT:
            return _COUNT_AT + 1 + data[_COUNT_AT] + _CHECK_BYTES
        return len(data)
