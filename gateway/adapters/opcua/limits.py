"""How much clients may ask for: every bound of the OPC UA server in one place, as the `limits` section of the settings.

The bounds that keep the event loop free are not here, because no site has a reason to change them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may ask for at most. The defaults suit a plant; what is asked beyond them is revised or refused.

    Attributes:
        connections: TCP connections at once; one address gets half of them.
        sessions: Sessions at once.
        sessions_per_address: Of them, from one address.
        sessions_per_user: Of them, of one user; anonymous clients count by address alone.
        shortest_session_timeout_s: Seconds without a request after which a session may end at the earliest.
        longest_session_timeout_s: And at the latest, however long a client asks for.
        subscriptions: Subscriptions at once.
        subscriptions_per_session: Of them, in one session.
        monitored_items: Monitored items at once.
        monitored_items_per_subscription: Of them, in one subscription.
        queue_size: Values kept per monitored item for a client that does not fetch them.
        event_queue_size: The same for monitored events.
        unacknowledged_messages: Messages kept per subscription to be sent again.
        publish_requests: Publish requests kept per session.
        shortest_publishing_interval_ms: Fastest publishing interval, in milliseconds.
        longest_publishing_interval_ms: Slowest publishing interval, in milliseconds.
        shortest_sampling_interval_ms: Fastest sampling interval, in milliseconds.
        operations: Nodes or items in one request.
        methods_per_call: Methods in one request.
        continuation_points: Unfinished browses kept per session.
        array_length: Elements of one array.
        message_kbyte: Size of one request, and of a response to a client that sets no limit, in units of 1024 bytes.

    Raises:
        ValueError: A bound is less than 1, or the shortest is longer than the longest.
    """

    connections: int = 100
    sessions: int = 100
    sessions_per_address: int = 50
    sessions_per_user: int = 25
    shortest_session_timeout_s: float = 5.0
    longest_session_timeout_s: float = 600.0
    subscriptions: int = 200
    subscriptions_per_session: int = 50
    monitored_items: int = 50_000
    monitored_items_per_subscription: int = 20_000
    queue_size: int = 100
    event_queue_size: int = 1000
    unacknowledged_messages: int = 100
    publish_requests: int = 50
    shortest_publishing_interval_ms: float = 50.0
    longest_publishing_interval_ms: float = 3_600_000.0
    shortest_sampling_interval_ms: float = 50.0
    operations: int = 10_000
    methods_per_call: int = 10
    continuation_points: int = 10
    array_length: int = 65_535
    message_kbyte: int = 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) >= 1:
                raise ValueError(f"{field.name} must be at least 1, got {getattr(self, field.name)}")
        for what in ("session_timeout_s", "publishing_interval_ms"):
            if getattr(self, f"shortest_{what}") > getattr(self, f"longest_{what}"):
                raise ValueError(f"shortest_{what} must not be more than longest_{what}")
        if self.message_kbyte > MOST_MESSAGE_KBYTE:
            raise ValueError(f"message_kbyte must be at most {MOST_MESSAGE_KBYTE}, got {self.message_kbyte}")

    @property
    def message_bytes(self) -> int:
        """Size of one request in bytes."""
        return self.message_kbyte * 1024


MOST_MESSAGE_KBYTE = 65_536
"""A larger request would be kept whole in memory before anything of it is looked at."""
