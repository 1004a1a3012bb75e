"""How much clients may ask for: every bound of the Channel Access server, as the `limits` section of its settings.

The bounds that keep the event loop free are not here, because no site has a reason to change them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

LEAST_MESSAGE_BYTES = 16_384
"""What every EPICS server takes; less in EPICS_CA_MAX_ARRAY_BYTES counts as this, as in EPICS base."""

MOST_MESSAGE_BYTES = 1_048_576
"""caproto copies an incomplete request with every piece of it that comes, so that size costs its square."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may ask for at most. The defaults suit a plant; what is asked beyond them is refused and counted.

    A circuit is the TCP connection of one client.

    Attributes:
        circuits: Circuits at once; each is a file descriptor, of which the analysers need some too.
        circuits_per_address: Of them, from one address.
        channels_per_circuit: Channels of one circuit, fields included. None is 20 for each PV, at least 1000.
        subscriptions_per_circuit: Monitors of one circuit. None is 20 for each PV, at least 1000.
        message_bytes: Size of one request. None follows EPICS_CA_MAX_ARRAY_BYTES, from 16384 to 1048576.
        greeting_s: Seconds that a client has for its first request.
        idle_s: Seconds without a request after which a circuit ends that has no channel. One with channels may be
            silent for ever; a client that has vanished is noticed by the system.
        unsent_bytes: Bytes that may wait for one client. Beyond them its monitors hold back: each keeps its newest
            event.
        unsent_s: Seconds after which a client is disconnected for which more than that has waited all the time.
        untaken_s: Seconds after which a client that takes nothing at all is given up, where the system can tell.
        search_datagrams_per_s: UDP searches that are looked at, of up to a hundred names each; half of them from one
            address. Clients repeat a search that is not answered.

    Raises:
        ValueError: A bound is less than 1, or `message_bytes` is out of range.
    """

    circuits: int = 500
    circuits_per_address: int = 250
    channels_per_circuit: int | None = None
    subscriptions_per_circuit: int | None = None
    message_bytes: int | None = None
    greeting_s: float = 10.0
    idle_s: float = 600.0
    unsent_bytes: int = 262_144
    unsent_s: float = 30.0
    untaken_s: int = 60
    search_datagrams_per_s: int = 2000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value >= 1:
                raise ValueError(f"{field.name} must be at least 1, got {value}")
        size = self.message_bytes
        if size is not None and not LEAST_MESSAGE_BYTES <= size <= MOST_MESSAGE_BYTES:
            raise ValueError(f"message_bytes must be {LEAST_MESSAGE_BYTES} to {MOST_MESSAGE_BYTES}, got {size}")
