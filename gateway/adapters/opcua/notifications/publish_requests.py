"""Publish requests of one session that wait for something to publish (OPC 10000-4 section 5.14.1)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.notifications.messages import Message, publish_response, space_for_notifications

_MOST_FAREWELLS = 50


class Channel(Protocol):
    """Where an answer goes: the secure channel on which its request came."""

    @property
    def longest_response(self) -> int:
        """Bytes of the longest response that the client takes."""
        ...

    @property
    def is_congested(self) -> bool:
        """Whether the client leaves so much untaken that more would only lie in memory."""
        ...

    def send_encoded(self, body: bytes, request_id: int) -> None:
        """Send a response. Does nothing when the channel has gone."""
        ...

    def send_fault(self, request_handle: int, request_id: int, status: int) -> None:
        """Refuse a request. Does nothing when the channel has gone."""
        ...


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """One request.

    Attributes:
        channel: Where it came from.
        request_handle: Of its header.
        request_id: Of its chunk.
        results: StatusCodes of its acknowledgements.
        expires_at: Monotonic seconds after which the client does not wait for it any more; None for ever.
    """

    channel: Channel
    request_handle: int
    request_id: int
    results: Sequence[int]
    expires_at: float | None

    def answer(self, subscription_id: int, available: Sequence[int], message: Message, *, more: bool) -> None:
        """Answer with a message; with BadResponseTooLarge if it is longer than the client takes."""
        body = publish_response(self.request_handle, subscription_id, available, message, self.results, more=more)
        if len(body) > self.channel.longest_response:
            self.refuse(StatusCodes.BadResponseTooLarge)
        else:
            self.channel.send_encoded(body, self.request_id)

    def space_for_notifications(self, available: int) -> int:
        """Bytes that the notifications of an answer may have beside so many numbers of messages."""
        return space_for_notifications(self.channel.longest_response, available, len(self.results))

    def refuse(self, status: int) -> None:
        """Answer with a fault."""
        self.channel.send_fault(self.request_handle, self.request_id, status)


class Waiting(Protocol):
    """A subscription that is late: it has something to publish and had no request."""

    @property
    def priority(self) -> int:
        """The higher one is served first, and of equals the one that has waited longest."""
        ...

    def publish(self) -> None:
        """Publish what is due with the requests there are."""
        ...


class PublishRequests:
    """Requests and late subscriptions of one session."""

    def __init__(self) -> None:
        self._requests: deque[PublishRequest] = deque()
        self._late: dict[Waiting, None] = {}
        self._farewells: deque[tuple[int, Message]] = deque(maxlen=_MOST_FAREWELLS)

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def is_congested(self) -> bool:
        """Whether an answer to the oldest request would only lie in memory."""
        return bool(self._requests) and self._requests[0].channel.is_congested

    @property
    def has_farewells(self) -> bool:
        """Whether something is to be said of subscriptions that are gone."""
        return bool(self._farewells)

    def add(self, request: PublishRequest, limit: int) -> None:
        """Take a request, and serve who has waited for one; the oldest beyond the limit is refused."""
        self._requests.append(request)
        self._serve()
        while len(self._requests) > limit:
            self._requests.popleft().refuse(StatusCodes.BadTooManyPublishRequests)

    def _serve(self) -> None:
        while self._farewells and (request := self.take()) is not None:
            subscription_id, message = self._farewells.popleft()
            request.answer(subscription_id, (), message, more=False)
        while self._late and self._requests:
            first = max(self._late, key=lambda waiting: waiting.priority)
            del self._late[first]
            first.publish()

    def take(self) -> PublishRequest | None:
        """The oldest request whose client still waits; None if there is none."""
        while self._requests:
            request = self._requests.popleft()
            if request.expires_at is None or time.monotonic() < request.expires_at:
                return request
            request.refuse(StatusCodes.BadTimeout)
        return None

    def wait(self, subscription: Waiting) -> None:
        """Serve the subscription as soon as there is a request."""
        self._late.setdefault(subscription)

    def forget(self, subscription: Waiting) -> None:
        """The subscription is not of this session any more."""
        self._late.pop(subscription, None)

    def say_farewell(self, subscription_id: int, message: Message) -> None:
        """Send the last message of a subscription that is not of this session any more."""
        self._farewells.append((subscription_id, message))
        self._serve()

    def drop_channel(self, channel: Channel) -> None:
        """Requests of a channel that has gone get no answer."""
        self._requests = deque(request for request in self._requests if request.channel is not channel)

    def refuse_all(self, status: int) -> None:
        """Nothing will be published any more."""
        while self._requests:
            self._requests.popleft().refuse(status)
