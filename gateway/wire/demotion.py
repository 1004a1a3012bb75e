"""How an address that answers badly is treated: one table, from state and event to the next state."""

from __future__ import annotations

from enum import Enum, auto

from gateway.model.bus_health import AddressState


class AddressEvent(Enum):
    """What happened between the bus and one address."""

    ANSWERED = auto()
    """An answer in time; a Modbus exception is one too."""

    SLOW = auto()
    """A right answer that took longer than such an exchange should."""

    FAILED = auto()
    """One attempt without a usable answer; there may be another."""

    EXHAUSTED = auto()
    """The last attempt has failed, and the wire is needed by others."""

    ASKED = auto()
    """A demoted address is asked whether it is back."""


_UP, _DEGRADED, _DEMOTED, _PROBING = AddressState
_ANSWERED, _SLOW, _FAILED, _EXHAUSTED, _ASKED = AddressEvent

TRANSITIONS: dict[AddressState, dict[AddressEvent, AddressState]] = {
    _UP: {_ANSWERED: _UP, _SLOW: _DEGRADED, _FAILED: _DEGRADED, _EXHAUSTED: _DEMOTED},
    _DEGRADED: {_ANSWERED: _UP, _SLOW: _DEGRADED, _FAILED: _DEGRADED, _EXHAUSTED: _DEMOTED},
    _DEMOTED: {_ASKED: _PROBING},
    _PROBING: {_ANSWERED: _UP, _SLOW: _DEGRADED, _FAILED: _DEMOTED, _EXHAUSTED: _DEMOTED},
}
"""An address that has the wire to itself is never demoted: nobody waits for it, so nothing is EXHAUSTED."""
