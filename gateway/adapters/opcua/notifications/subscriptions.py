"""Subscriptions of one server, with our monitored items in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.subscription_service import SubscriptionService
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.notifications.monitored_items import MonitoredItems
from gateway.adapters.opcua.services.operation_limits import MAX_MONITORED_ITEMS

SHORTEST_PUBLISHING_INTERVAL = 50.0
"""Milliseconds. Below or at 0 asyncua would publish every value by itself and tear a tick apart."""

LONGEST_PUBLISHING_INTERVAL = 3_600_000.0
"""Milliseconds."""


def revised_publishing_interval(requested: float) -> float:
    """The interval a client gets, in ms; anything that is not a number counts as the shortest."""
    if not requested >= SHORTEST_PUBLISHING_INTERVAL:
        return SHORTEST_PUBLISHING_INTERVAL
    return min(requested, LONGEST_PUBLISHING_INTERVAL)


class Subscriptions(SubscriptionService):
    """Revises what clients ask for, and puts `MonitoredItems` into every subscription."""

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        session_id: ua.NodeId,
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        """Make a subscription. Its publishing loop first runs after this has returned."""
        params.RequestedPublishingInterval = revised_publishing_interval(params.RequestedPublishingInterval)
        result = await super().create_subscription(params, callback, session_id, request_callback)
        subscription = self.subscriptions[result.SubscriptionId]
        subscription.monitored_item_srv = MonitoredItems(subscription, self.aspace)
        return result

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        """As the base class, within what all subscriptions together may have.

        Raises:
            ServiceError: They have too much already.
        """
        present = sum(len(one.monitored_item_srv._monitored_items) for one in self.subscriptions.values())  # noqa: SLF001
        if present + len(params.ItemsToCreate) > MAX_MONITORED_ITEMS:
            raise ServiceError(StatusCodes.BadTooManyMonitoredItems)
        return await super().create_monitored_items(params)

    def waiting(self) -> list[InternalSubscription]:
        """Those whose client has not been told everything yet."""
        return [one for one in self.subscriptions.values() if one._triggered_datachanges]  # noqa: SLF001  no other door

    def is_owned(self, subscription_id: int, session_id: ua.NodeId) -> bool:
        """Whether the subscription exists and belongs to the session."""
        subscription = self.subscriptions.get(subscription_id)
        return subscription is not None and subscription.session_id == session_id
