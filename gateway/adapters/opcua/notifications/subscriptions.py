"""The subscriptions of one server, and who they belong to, in place of asyncua's.

asyncua 2.1.0 lets any session change the subscriptions of another, ignores ModifySubscription, cannot transfer, puts
everything that is due into one message, and runs a task for each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.events.notifier import EventNotifier
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.item_places import ItemPlaces
from gateway.adapters.opcua.notifications.monitored_items import MonitoredItems
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.notifications.publish_requests import Channel, PublishRequest, PublishRequests
from gateway.adapters.opcua.notifications.subscription import Subscription
from gateway.adapters.opcua.notifications.subscription_parameters import SubscriptionParameters
from gateway.adapters.opcua.security.identity import ClientIdentity
from gateway.model.role import Role

_SPARE_REQUESTS = 10


class SubscribingSession(Protocol):
    """A session as its subscriptions see it."""

    @property
    def session_id(self) -> ua.NodeId:
        """Its number."""
        ...

    @property
    def identity(self) -> ClientIdentity | None:
        """Its user at the moment."""
        ...

    @property
    def publish_requests(self) -> PublishRequests:
        """Those that wait."""
        ...

    def may_take_over_from(self, other: SubscribingSession) -> bool:
        """Whether a subscription of the other session may become one of this one."""
        ...


class Subscriptions:
    """Subscriptions by number.

    Args:
        aspace: Address space.
        values: Values of the site.
        notifier: Where events come from.
        limits: How much clients may ask for.
    """

    def __init__(self, aspace: AddressSpace, values: PointValues, notifier: EventNotifier, limits: Limits) -> None:
        self.limits = limits
        self.created = 0
        """Subscriptions made since the start."""
        self._aspace = aspace
        self._values = values
        self._notifier = notifier
        self._subscriptions: dict[int, Subscription] = {}
        self._items: dict[int, MonitoredItems] = {}
        self._sessions: dict[int, SubscribingSession] = {}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(list(self._subscriptions.values()))

    def __len__(self) -> int:
        return len(self._subscriptions)

    @property
    def monitored_items(self) -> int:
        """Monitored items of all subscriptions."""
        return sum(map(len, self._items.values()))

    def of(self, session: SubscribingSession) -> list[Subscription]:
        """Subscriptions of one session."""
        return [one for one in self if one.session_id == session.session_id]

    def owned(self, subscription_id: int, session: SubscribingSession) -> Subscription:
        """A subscription of the session.

        Raises:
            ServiceError: The session has no such subscription.
        """
        subscription = self._subscriptions.get(subscription_id)
        if subscription is None or subscription.session_id != session.session_id:
            raise ServiceError(StatusCodes.BadSubscriptionIdInvalid)
        subscription.show_interest()
        return subscription

    def items(self, subscription: Subscription) -> MonitoredItems:
        """The monitored items of a subscription."""
        return self._items[subscription.subscription_id]

    def create(
        self, asked: ua.CreateSubscriptionParameters, session: SubscribingSession
    ) -> ua.CreateSubscriptionResult:
        """Make a subscription.

        Raises:
            ServiceError: There are too many.
        """
        if len(self) >= self.limits.subscriptions or len(self.of(session)) >= self.limits.subscriptions_per_session:
            raise ServiceError(StatusCodes.BadTooManySubscriptions)
        self.created += 1
        subscription = Subscription(
            self.created,
            session.session_id,
            session.publish_requests,
            SubscriptionParameters.revised(asked, self.limits),
            publishing=asked.PublishingEnabled,
            most_unacknowledged=self.limits.unacknowledged_messages,
            expire=self.delete,
        )
        number = subscription.subscription_id
        self._subscriptions[number] = subscription
        self._sessions[number] = session
        places = ItemPlaces(subscription, self._aspace, self._values, self._notifier, lambda: self._role(number))
        self._items[number] = MonitoredItems(subscription, places, self.limits)
        revised = subscription.parameters
        return ua.CreateSubscriptionResult(
            SubscriptionId=number,
            RevisedPublishingInterval=revised.publishing_interval,
            RevisedLifetimeCount=revised.lifetime_count,
            RevisedMaxKeepAliveCount=revised.keep_alive_count,
        )

    def _role(self, number: int) -> Role:
        identity = self._sessions[number].identity
        return Role.OBSERVER if identity is None else identity.role

    def modify(
        self, asked: ua.ModifySubscriptionParameters, session: SubscribingSession
    ) -> ua.ModifySubscriptionResult:
        """Change a subscription of the session.

        Raises:
            ServiceError: The session has no such subscription.
        """
        subscription = self.owned(asked.SubscriptionId, session)
        subscription.modify(SubscriptionParameters.revised(asked, self.limits))
        revised = subscription.parameters
        return ua.ModifySubscriptionResult(
            revised.publishing_interval, revised.lifetime_count, revised.keep_alive_count
        )

    def require_room(self, subscription: Subscription, wanted: int) -> None:
        """Before monitored items are made.

        Raises:
            ServiceError: There would be too many.
        """
        if (
            self.monitored_items + wanted > self.limits.monitored_items
            or len(self.items(subscription)) + wanted > self.limits.monitored_items_per_subscription
        ):
            raise ServiceError(StatusCodes.BadTooManyMonitoredItems)

    def delete(self, subscription: Subscription) -> None:
        """Delete a subscription with its items."""
        number = subscription.subscription_id
        if self._subscriptions.pop(number, None) is None:
            return
        subscription.stop()
        self._items.pop(number).delete_all()
        session = self._sessions.pop(number)
        if not self.of(session):
            session.publish_requests.refuse_all(StatusCodes.BadNoSubscription)

    def delete_of(self, session: SubscribingSession) -> None:
        """Delete all subscriptions of a session that ends."""
        session.publish_requests.refuse_all(StatusCodes.BadSessionClosed)
        for subscription in self.of(session):
            self.delete(subscription)

    def publish(
        self,
        session: SubscribingSession,
        channel: Channel,
        request_id: int,
        request_handle: int,
        timeout_hint: int,
        acknowledgements: list[tuple[int, int]],
    ) -> None:
        """Take a publish request (OPC 10000-4 section 5.14.5). Its answer comes when there is something to say.

        Args:
            session: Who asks.
            channel: Where the answer goes.
            request_id: Of the chunk.
            request_handle: Of the request.
            timeout_hint: Milliseconds that the client waits; 0 for ever.
            acknowledgements: SubscriptionId and sequence number of each message that the client has got.

        Raises:
            ServiceError: The session has no subscription.
        """
        mine = {one.subscription_id: one for one in self.of(session)}
        if not mine and not session.publish_requests.has_farewells:
            raise ServiceError(StatusCodes.BadNoSubscription)
        results = [_acknowledged(mine.get(number), message) for number, message in acknowledgements]
        expires_at = time.monotonic() + timeout_hint / 1000 if timeout_hint else None
        request = PublishRequest(channel, request_handle, request_id, results, expires_at)
        session.publish_requests.add(request, min(len(mine) + _SPARE_REQUESTS, self.limits.publish_requests))

    def transfer(
        self, ids: list[int], session: SubscribingSession, *, send_initial_values: bool
    ) -> list[ua.TransferResult]:
        """Let subscriptions belong to this session from now on (OPC 10000-4 section 5.14.7)."""
        return [self._transfer(number, session, send_initial_values=send_initial_values) for number in ids]

    def _transfer(self, number: int, session: SubscribingSession, *, send_initial_values: bool) -> ua.TransferResult:
        subscription = self._subscriptions.get(number)
        if subscription is None:
            return ua.TransferResult(StatusCode=status_code(StatusCodes.BadSubscriptionIdInvalid))
        former = self._sessions[number]
        if not session.may_take_over_from(former):
            return ua.TransferResult(StatusCode=status_code(StatusCodes.BadUserAccessDenied))
        if former is not session and len(self.of(session)) >= self.limits.subscriptions_per_session:
            return ua.TransferResult(StatusCode=status_code(StatusCodes.BadTooManySubscriptions))
        self._sessions[number] = session
        subscription.hand_over(session.session_id, session.publish_requests)
        if send_initial_values:
            self.items(subscription).resend()
        return ua.TransferResult(AvailableSequenceNumbers=list(subscription.retransmission.numbers))

    def publish_now(self) -> None:
        """Publish what is due of all subscriptions; the server is stopping."""
        for subscription in self:
            subscription.publish_now()


def _acknowledged(subscription: Subscription | None, message: int) -> int:
    if subscription is None:
        return StatusCodes.BadSubscriptionIdInvalid
    known = subscription.retransmission.acknowledge(message)
    return StatusCodes.Good if known else StatusCodes.BadSequenceNumberUnknown
