"""One subscription: what is due, when it is published, and how long it lives (OPC 10000-4 section 5.14.1)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.notifications import messages
from gateway.adapters.opcua.notifications.event_queue import EventQueue
from gateway.adapters.opcua.notifications.messages import Message, Notification
from gateway.adapters.opcua.notifications.pieces import Piece
from gateway.adapters.opcua.notifications.publish_requests import PublishRequest, PublishRequests
from gateway.adapters.opcua.notifications.retransmission import RetransmissionQueue
from gateway.adapters.opcua.notifications.subscription_parameters import SubscriptionParameters

_LAST_NUMBER = 2**32 - 1


class DataQueue(Protocol):
    """Something with notifications of data to publish."""

    def drain(self) -> list[Piece]:
        """Everything that is due, encoded."""
        ...

    def hurry(self) -> None:
        """Let what waits for its sampling interval be due now."""
        ...


class PublishingStatistics:
    """Counters of one subscription (SubscriptionDiagnosticsDataType, OPC 10000-5 section 12.15)."""

    __slots__ = (
        "data_changes", "disables", "dropped_data", "dropped_events", "enables", "events", "late", "modifies",
        "notifications", "publishes",
        "republish_messages", "republish_requests", "transfers", "transfers_to_other",
    )  # fmt: skip

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)

    data_changes: int
    disables: int
    dropped_data: int
    dropped_events: int
    enables: int
    events: int
    late: int
    modifies: int
    notifications: int
    publishes: int
    republish_messages: int
    republish_requests: int
    transfers: int
    transfers_to_other: int

    def drop_data(self, count: int) -> None:
        """Full queues of data have dropped so many notifications."""
        self.dropped_data += count

    def drop_event(self) -> None:
        """A full queue of events has dropped one."""
        self.dropped_events += 1


class Subscription:
    """Publishes what its items have, at its interval, with the requests of its session.

    Args:
        subscription_id: Its number.
        session_id: Session that it belongs to.
        requests: Publish requests of that session.
        parameters: Revised.
        publishing: Whether notifications are sent.
        most_unacknowledged: Messages kept to be sent again.
        expire: Called when no client has shown interest for a lifetime.
    """

    def __init__(
        self,
        subscription_id: int,
        session_id: ua.NodeId,
        requests: PublishRequests,
        parameters: SubscriptionParameters,
        *,
        publishing: bool,
        most_unacknowledged: int,
        expire: Callable[[Subscription], None],
    ) -> None:
        self.subscription_id = subscription_id
        self.session_id = session_id
        self.statistics = PublishingStatistics()
        self.retransmission = RetransmissionQueue(most_unacknowledged)
        self._requests = requests
        self._parameters = parameters
        self._publishing = publishing
        self._expire = expire
        self._data: dict[DataQueue, None] = {}
        self._events: dict[EventQueue, None] = {}
        self._pieces: deque[Piece] = deque()
        self._event_lists: deque[bytes] = deque()
        self._next_number = 1
        self._first = True
        self._quiet = 0
        self._unasked = 0
        self._loop = asyncio.get_running_loop()
        self._next_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._schedule()

    @property
    def parameters(self) -> SubscriptionParameters:
        """What is in force."""
        return self._parameters

    @property
    def priority(self) -> int:
        """See `Waiting`."""
        return self._parameters.priority

    @property
    def publishing(self) -> bool:
        """Whether notifications are sent."""
        return self._publishing

    @property
    def next_number(self) -> int:
        """Sequence number of the next message with notifications."""
        return self._next_number

    @property
    def quiet_intervals(self) -> int:
        """Publishing intervals since the last message."""
        return self._quiet

    @property
    def unasked_intervals(self) -> int:
        """Publishing intervals since the session last had a publish request."""
        return self._unasked

    def wake_data(self, queue: DataQueue) -> None:
        """A queue has something to publish, or will have; it is asked at every publishing interval until it has not."""
        self._data[queue] = None

    def wake_events(self, queue: EventQueue) -> None:
        """A queue has events to publish."""
        self._events[queue] = None

    def forget(self, queue: DataQueue | EventQueue) -> None:
        """The queue has gone."""
        if isinstance(queue, EventQueue):
            self._events.pop(queue, None)
        else:
            self._data.pop(queue, None)

    @property
    def is_late(self) -> bool:
        """Whether notifications wait for a publish request."""
        return self._may_have_something() and not len(self._requests)

    def show_interest(self) -> None:
        """A client has named this subscription: it lives on."""
        self._unasked = 0

    def modify(self, parameters: SubscriptionParameters) -> None:
        """Put other parameters in force; the next publishing interval begins now."""
        self._parameters = parameters
        self.statistics.modifies += 1
        self.show_interest()
        if self._timer is not None:
            self._timer.cancel()
            self._next_at = self._loop.time()
            self._schedule()

    def set_publishing(self, *, enabled: bool) -> None:
        """Send notifications, or keep them waiting."""
        self._publishing = enabled
        self.show_interest()
        if enabled:
            self.statistics.enables += 1
        else:
            self.statistics.disables += 1

    def hand_over(self, session_id: ua.NodeId, requests: PublishRequests) -> None:
        """Belong to another session from now on; the former one is told."""
        self._requests.forget(self)
        if requests is not self._requests:
            farewell = messages.status_change(StatusCodes.GoodSubscriptionTransferred)
            self._requests.say_farewell(self.subscription_id, Message.of(self._next_number, [farewell]))
        self.session_id = session_id
        self._requests = requests
        self.statistics.transfers += 1
        self.show_interest()

    def stop(self) -> None:
        """Publish nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._requests.forget(self)
        self._data.clear()
        self._events.clear()

    def _schedule(self) -> None:
        interval = self._parameters.publishing_interval / 1000
        self._next_at = max(self._next_at + interval, self._loop.time())
        self._timer = self._loop.call_at(self._next_at, self._cycle)

    def _cycle(self) -> None:
        if self._timer is None:
            return
        self._schedule()
        self._unasked = 0 if len(self._requests) else self._unasked + 1
        if self._unasked > self._parameters.lifetime_count:
            requests = self._requests
            farewell = messages.status_change(StatusCodes.BadTimeout)
            self._expire(self)
            requests.say_farewell(self.subscription_id, Message.of(self._next_number, [farewell]))
            return
        self._quiet += 1
        if self._may_have_something() or self._owes_sign_of_life:
            if not len(self._requests):
                self.statistics.late += 1
            self.publish()

    def _may_have_something(self) -> bool:
        return self._publishing and bool(self._pieces or self._event_lists or self._data or self._events)

    def _has_something(self) -> bool:
        """Whether there are notifications; they are encoded now, so that a full queue keeps its newest until then."""
        if self._publishing and not self._pieces and not self._event_lists:
            data, self._data = self._data, {}
            for queue in data:
                self._pieces.extend(queue.drain())
            events, self._events = self._events, {}
            for event_queue in events:
                self._event_lists.extend(event_queue.drain())
        return self._publishing and bool(self._pieces or self._event_lists)

    @property
    def _owes_sign_of_life(self) -> bool:
        return self._first or self._quiet >= self._parameters.keep_alive_count

    def publish(self) -> None:
        """Send what is due with the requests there are; without one, wait for the next.

        A client that does not take what was sent gets nothing more for this interval: what is due waits in the queues
        of its items, which know what to discard.
        """
        while len(self._requests):
            if self._requests.is_congested:
                return
            if not (self._has_something() or self._owes_sign_of_life):
                return
            request = self._requests.take()
            if request is None:
                break
            self._send(request)
            if not (self._pieces or self._event_lists):  # what becomes due from here on is for the next interval
                return
        self._requests.wait(self)

    def _send(self, request: PublishRequest) -> None:
        space = request.space_for_notifications(len(self.retransmission.numbers) + 1)
        notifications = list(self._next_notifications(space)) if self._publishing else []
        message = Message.of(self._next_number, notifications)
        if notifications:
            self.retransmission.keep(message)
            self._next_number = 1 if self._next_number == _LAST_NUMBER else self._next_number + 1
        self._first = False
        self._quiet = 0
        self._unasked = 0
        self.statistics.publishes += 1
        more = self._publishing and bool(self._pieces or self._event_lists)
        request.answer(self.subscription_id, tuple(self.retransmission.numbers), message, more=more)

    def _next_notifications(self, space: int) -> Iterable[Notification]:
        """As many as go into one message with so many bytes for them.

        A value that does not go into any message of this client is replaced by BadResponseTooLarge; an event that does
        not is tried all the same.
        """
        room = self._parameters.notifications_per_message
        chosen: list[Piece] = []
        while self._pieces and room:
            piece = self._pieces.popleft()
            fitting = min(room, piece.fitting(space))
            if not fitting and chosen:
                self._pieces.appendleft(piece)
                break
            if not fitting:
                first, *rest = piece.split(1) if piece.count > 1 else (piece,)
                self._pieces.extendleft(rest)
                piece = first.without_value()
            elif fitting < piece.count:
                piece, left = piece.split(fitting)
                self._pieces.appendleft(left)
            room -= piece.count
            space -= piece.length
            chosen.append(piece)
        if chosen:
            count = sum(piece.count for piece in chosen)
            self.statistics.data_changes += count
            self.statistics.notifications += count
            yield messages.data_changes(chosen)
        lists: list[bytes] = []
        while self._event_lists and len(lists) < room:
            space -= len(self._event_lists[0])
            if space < 0 and (chosen or lists):
                break
            lists.append(self._event_lists.popleft())
        if lists:
            self.statistics.events += len(lists)
            self.statistics.notifications += len(lists)
            yield messages.events(lists)

    def publish_now(self) -> None:
        """Publish what is due without waiting for the interval: the server is stopping."""
        for queue in self._data:
            queue.hurry()
        if self._may_have_something():
            self.publish()
