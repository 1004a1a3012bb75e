"""What the back ends over vendors' packages have in common: buffers that are queued, and somebody to tell."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities
from gateway.daq.buffer import Buffer
from gateway.daq.errors import DaqCapabilityError
from gateway.daq.messages import Message, MessageKind, Post


class VendorBackEnd:
    """Base of a `BackEnd`; what a device cannot do is refused.

    Attributes:
        capabilities: See `BackEnd.capabilities`.
    """

    capabilities = Capabilities()

    def __init__(self) -> None:
        self._post: Post | None = None
        self._queue: deque[Buffer] = deque()
        self._turn = threading.Lock()

    def register(self, post: Post) -> None:
        """See `BackEnd.register`."""
        self._post = post

    def queue(self, buffer: Buffer) -> None:
        """See `BackEnd.queue`."""
        self._queue.append(buffer)

    def arm(self) -> None:
        """Nothing more to configure."""

    def mute(self) -> None:
        """Never asked for unless `capabilities` says so."""
        raise DaqCapabilityError("the device cannot be muted")

    def unregister(self) -> None:
        """See `BackEnd.unregister`."""
        with self._turn:
            self._post = None

    def flush(self) -> Sequence[Buffer]:
        """See `BackEnd.flush`."""
        with self._turn:
            held = list(self._queue)
            self._queue.clear()
        return held

    def read_values(self) -> NDArray[Any]:
        """Never asked for unless `capabilities` says so."""
        raise DaqCapabilityError("the device has no single values to read")

    def write_values(self, values: NDArray[Any]) -> None:  # noqa: ARG002
        """Never asked for unless `capabilities` says so."""
        raise DaqCapabilityError("the device takes no single values")

    def _tell(self, kind: MessageKind, *, lost: int | None = None, detail: str = "") -> None:
        """Post a message about no buffer; only under `_turn`."""
        if self._post is not None:
            self._post(Message(kind, time.monotonic_ns(), lost=lost, detail=detail))
