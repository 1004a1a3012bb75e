"""Messages that a client has not acknowledged, kept to be sent again (OPC 10000-4 section 5.14.6)."""

from __future__ import annotations

from collections.abc import Collection

from gateway.adapters.opcua.notifications.messages import Message

MAX_BYTES = 4 * 1024 * 1024
"""Of one subscription; the two newest messages are kept whatever they need."""


class RetransmissionQueue:
    """Messages of one subscription, the oldest first.

    Args:
        limit: Most messages.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: dict[int, Message] = {}
        self._bytes = 0
        self.discarded = 0
        """Messages given up without having been acknowledged."""

    @property
    def numbers(self) -> Collection[int]:
        """Sequence numbers of what is kept."""
        return self._messages.keys()

    def keep(self, message: Message) -> None:
        """Keep a message, and give up the oldest ones beyond the bounds."""
        self._messages[message.number] = message
        self._bytes += len(message.data)
        while len(self._messages) > self._limit or (self._bytes > MAX_BYTES and len(self._messages) > 2):
            self.acknowledge(next(iter(self._messages)))
            self.discarded += 1

    def acknowledge(self, number: int) -> bool:
        """The client has it; False if it was not here."""
        message = self._messages.pop(number, None)
        if message is not None:
            self._bytes -= len(message.data)
        return message is not None

    def find(self, number: int) -> Message | None:
        """A message to be sent again; it stays until it is acknowledged."""
        return self._messages.get(number)
