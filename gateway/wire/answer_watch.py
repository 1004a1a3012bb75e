"""What is heard while an answer is awaited, and when waiting has become pointless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.model.readings import ProtocolKind
from gateway.wire.modbus_frames import answer_frames

_KEPT_BYTES = 1024


class AnswerWatch:
    """Collects the bytes heard since the last request.

    A damaged answer is known as such once the line has fallen silent after it; the rest of the timeout would only keep
    the others waiting. A whole frame that is not the answer is a stray, and the answer may still come.

    Args:
        protocol: Framing on the wire.
        settle_s: Silence after which what was heard is all there is. Serial servers and USB adapters may pause within
            an answer, so it is several idle gaps.
    """

    def __init__(self, protocol: ProtocolKind, settle_s: float) -> None:
        self._protocol = protocol
        self._settle_s = settle_s
        self._heard = bytearray()
        self._strays = 0
        self._give_up: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.raw = b""
        """The answer, or what came instead of one."""

    @property
    def damaged(self) -> bool:
        """Whether bytes have come that are no whole frame."""
        return bool(self._without_strays())

    def heard(self, data: bytes) -> None:
        """Take bytes from the line."""
        self._heard += data
        if len(self._heard) > _KEPT_BYTES:
            del self._heard[:-_KEPT_BYTES]
        self.raw = bytes(self._heard)
        if self._give_up is not None:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(self._settle_s, self._settled)

    @contextmanager
    def over(self, give_up: Callable[[], None]) -> Iterator[None]:
        """Watch one exchange; `give_up` is called when an answer has come that nobody can read.

        What was heard before it belongs to nobody: whole frames in it are strays.
        """
        self._without_strays()
        self._heard.clear()
        self.raw = b""
        self._give_up = give_up
        try:
            yield
        finally:
            self._give_up = None
            self._stop_timer()

    def abandon(self) -> None:
        """No answer can come any more."""
        if self._give_up is not None:
            self._give_up()

    def answered(self) -> None:
        """The answer has come; what else was heard with it are strays."""
        self._without_strays()
        self._strays = max(0, self._strays - 1)
        self._heard.clear()

    def take_strays(self) -> int:
        """Frames thrown away since the last call."""
        strays, self._strays = self._strays, 0
        return strays

    def _without_strays(self) -> bytes:
        frames, rest = answer_frames(self._protocol, bytes(self._heard))
        self._strays += len(frames)
        self._heard[:] = rest
        return rest

    def _settled(self) -> None:
        self._timer = None
        if self.damaged:
            self.abandon()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
