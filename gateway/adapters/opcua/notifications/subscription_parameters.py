"""What a client asks of a subscription, as the server revises it (OPC 10000-4 sections 5.14.2 and 5.14.3)."""

from __future__ import annotations

from dataclasses import dataclass

from asyncua import ua

from gateway.adapters.opcua.limits import Limits

_MOST_KEEP_ALIVES = 5000
_MOST_LIFETIMES = 15000
_LIFETIMES_PER_KEEP_ALIVE = 3
MOST_NOTIFICATIONS = 10_000
"""Per message: about 300 kB."""


@dataclass(frozen=True, slots=True)
class SubscriptionParameters:
    """Parameters in force.

    Attributes:
        publishing_interval: Milliseconds.
        lifetime_count: Publishing intervals without any request after which the subscription ends.
        keep_alive_count: Publishing intervals without notifications after which a message says that all is well.
        notifications_per_message: Most of them.
        priority: The higher one is served first.
    """

    publishing_interval: float
    lifetime_count: int
    keep_alive_count: int
    notifications_per_message: int
    priority: int

    @classmethod
    def revised(
        cls, asked: ua.CreateSubscriptionParameters | ua.ModifySubscriptionParameters, limits: Limits
    ) -> SubscriptionParameters:
        """What a client gets. The lifetime is at least three keep-alive counts (OPC 10000-4 section 5.14.2)."""
        keep_alive = min(asked.RequestedMaxKeepAliveCount or _MOST_KEEP_ALIVES, _MOST_KEEP_ALIVES)
        lifetime = min(asked.RequestedLifetimeCount or _MOST_LIFETIMES, _MOST_LIFETIMES)
        return cls(
            revised_publishing_interval(asked.RequestedPublishingInterval, limits),
            max(lifetime, _LIFETIMES_PER_KEEP_ALIVE * keep_alive),
            keep_alive,
            min(asked.MaxNotificationsPerPublish or MOST_NOTIFICATIONS, MOST_NOTIFICATIONS),
            asked.Priority,
        )


def revised_publishing_interval(requested: float, limits: Limits) -> float:
    """The interval in ms; anything that is not a number counts as the shortest."""
    if not requested >= limits.shortest_publishing_interval_ms:
        return limits.shortest_publishing_interval_ms
    return min(requested, limits.longest_publishing_interval_ms)
