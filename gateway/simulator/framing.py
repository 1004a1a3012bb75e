"""What the three Modbus framings have in common: a byte stream in, whole requests out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

BROADCAST = 0
"""Slave address of a request to everybody, which nobody answers."""


class DesynchronisedError(Exception):
    """The stream can no longer be cut into requests; the connection has to be closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One undamaged request.

    Attributes:
        unit: Slave address, 0 for a broadcast.
        pdu: Function code and data, at least one byte.
        transaction: Number to repeat in the answer; Modbus/TCP only.
    """

    unit: int
    pdu: bytes
    transaction: int = 0


class Framing(Protocol):
    """Decoder of one connection and encoder of the answers to it. Memory is bounded whatever is fed."""

    @property
    def idle_s(self) -> float | None:
        """Silence after which a request that is not complete never will be; None when silence means nothing."""
        ...

    @property
    def pending(self) -> bool:
        """Whether bytes wait for more."""
        ...

    def feed(self, data: bytes) -> list[Request]:
        """Take bytes as they come and return the requests they complete. Damaged ones are dropped without a word.

        Raises:
            DesynchronisedError: Only a new connection can help.
        """
        ...

    def idle(self) -> list[Request]:
        """The line has been silent for `idle_s`: return what silence completes, forget the rest."""
        ...

    def encode(self, request: Request, pdu: bytes) -> bytes:
        """The answer to `request` as it goes over the wire."""
        ...
