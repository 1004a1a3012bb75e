"""When messages are sent, and which: publishing cycles turned by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

from gateway.adapters.opcua.notifications.encoded_value import EncodedValue
from gateway.adapters.opcua.notifications.pieces import Piece
from gateway.adapters.opcua.notifications.publish_requests import PublishRequest, PublishRequests
from gateway.adapters.opcua.notifications.subscription import Subscription
from gateway.adapters.opcua.notifications.subscription_parameters import SubscriptionParameters
from tests.adapters.opcua.arrays import block


@dataclass
class Wire:
    """A channel that decodes what is sent with asyncua's own decoder."""

    sent: list[ua.PublishResult] = field(default_factory=list)
    faults: list[tuple[int, int]] = field(default_factory=list)
    longest_response: int = 1_000_000
    is_congested: bool = False

    def send_encoded(self, body: bytes, request_id: int) -> None:
        data = Buffer(body)
        nodeid_from_binary(data)
        header = struct_from_binary(ua.ResponseHeader, data)
        assert header.RequestHandle == request_id
        self.sent.append(struct_from_binary(ua.PublishResult, data))
        assert len(data) == 0

    def send_fault(self, request_handle: int, request_id: int, status: int) -> None:
        assert request_handle == request_id
        self.faults.append((request_id, status))


class Bytes:
    """A queue with encoded values: MonitoredItemNotifications of an Int64 each."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def drain(self) -> list[Piece]:
        values, self.values = self.values, []
        rows = [b"\x07\x00\x00\x00\x01\x08" + value.to_bytes(8, "little") for value in values]
        return [Piece(b"".join(rows), len(rows), 14)] if rows else []


@dataclass
class Scene:
    wire: Wire
    requests: PublishRequests
    subscription: Subscription
    queue: Bytes
    expired: list[Subscription]

    def ask(self, number: int, timeout: float | None = None, limit: int = 10) -> None:
        self.requests.add(PublishRequest(self.wire, number, number, (), timeout), limit)

    def change(self, *values: int) -> None:
        self.queue.values += values
        self.subscription.wake_data(self.queue)

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.subscription._cycle()

    def values(self) -> list[list[int]]:
        return [
            [
                item.Value.Value.Value
                for data in one.NotificationMessage.NotificationData
                for item in data.MonitoredItems
            ]
            for one in self.wire.sent
        ]


PARAMETERS = SubscriptionParameters(
    publishing_interval=3_600_000.0, lifetime_count=9, keep_alive_count=3, notifications_per_message=4, priority=0
)


@pytest.fixture
async def scene() -> Iterator[Scene]:
    wire, requests, expired = Wire(), PublishRequests(), []

    def expire(subscription: Subscription) -> None:
        expired.append(subscription)
        subscription.stop()

    subscription = Subscription(
        5, ua.NodeId(1), requests, PARAMETERS, publishing=True, most_unacknowledged=3, expire=expire
    )
    yield Scene(wire, requests, subscription, Bytes(), expired)
    subscription.stop()


async def test_first_cycle_says_that_it_lives_and_later_ones_are_quiet(scene: Scene) -> None:
    for number in range(1, 4):
        scene.ask(number)
    scene.turn(3)
    assert scene.values() == [[]]
    assert scene.wire.sent[0].NotificationMessage.SequenceNumber == 1
    assert scene.wire.sent[0].AvailableSequenceNumbers == []
    scene.turn()
    assert scene.values() == [[], []]  # the third quiet one


async def test_notifications_are_cut_into_messages(scene: Scene) -> None:
    for number in range(1, 5):
        scene.ask(number)
    scene.change(*range(10))
    scene.turn()
    assert scene.values() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [one.MoreNotifications for one in scene.wire.sent] == [True, True, False]
    assert [one.NotificationMessage.SequenceNumber for one in scene.wire.sent] == [1, 2, 3]
    assert scene.wire.sent[-1].AvailableSequenceNumbers == [1, 2, 3]


async def test_late_subscription_is_served_by_the_next_request_with_the_newest(scene: Scene) -> None:
    scene.change(1)
    scene.turn()
    assert scene.subscription.is_late
    scene.change(2)
    scene.ask(1)
    assert scene.values() == [[1, 2]]
    assert not scene.subscription.is_late


async def test_nothing_is_published_while_publishing_is_off(scene: Scene) -> None:
    scene.ask(1)
    scene.ask(2)
    scene.subscription.set_publishing(enabled=False)
    scene.change(1)
    scene.turn(2)
    assert scene.values() == [[]]
    scene.subscription.set_publishing(enabled=True)
    scene.turn()
    assert scene.values() == [[], [1]]


async def test_subscription_without_requests_expires_and_says_so_to_who_comes_back(scene: Scene) -> None:
    scene.turn(PARAMETERS.lifetime_count + 1)
    assert scene.expired == [scene.subscription]
    scene.ask(1)
    (farewell,) = scene.wire.sent[0].NotificationMessage.NotificationData
    assert farewell.Status.value == ua.StatusCodes.BadTimeout


async def test_interest_keeps_a_subscription_alive(scene: Scene) -> None:
    scene.turn(PARAMETERS.lifetime_count)
    scene.subscription.show_interest()
    scene.turn(PARAMETERS.lifetime_count)
    assert not scene.expired


async def test_requests_have_their_limits(scene: Scene) -> None:
    scene.turn()  # it owes the first sign of life
    scene.ask(1)
    for number in range(2, 6):
        scene.ask(number, limit=3)
    assert scene.wire.faults == [(2, ua.StatusCodes.BadTooManyPublishRequests)]
    scene.requests.refuse_all(ua.StatusCodes.BadSessionClosed)
    assert [number for number, _status in scene.wire.faults] == [2, 3, 4, 5]


async def test_request_whose_client_waits_no_longer_is_not_used(scene: Scene) -> None:
    scene.ask(1, timeout=0.0)
    scene.ask(2)
    scene.change(7)
    scene.turn()
    assert scene.wire.faults == [(1, ua.StatusCodes.BadTimeout)]
    assert scene.values() == [[7]]


async def test_messages_wait_to_be_sent_again_within_bounds(scene: Scene) -> None:
    for number in range(1, 6):
        scene.ask(number)
        scene.change(number)
        scene.turn()
    assert list(scene.subscription.retransmission.numbers) == [3, 4, 5]
    assert scene.subscription.retransmission.discarded == 2
    assert scene.subscription.retransmission.find(2) is None
    assert scene.subscription.retransmission.find(4) is not None
    assert scene.subscription.retransmission.acknowledge(4)
    assert not scene.subscription.retransmission.acknowledge(4)


async def test_transferred_subscription_speaks_to_its_new_session_and_the_old_one_is_told(scene: Scene) -> None:
    heir, wire = PublishRequests(), Wire()
    scene.change(1)
    scene.turn()
    scene.subscription.hand_over(ua.NodeId(2), heir)
    scene.ask(1)
    (farewell,) = scene.wire.sent[0].NotificationMessage.NotificationData
    assert farewell.Status.value == ua.StatusCodes.GoodSubscriptionTransferred
    heir.add(PublishRequest(wire, 1, 1, (), None), 10)
    scene.turn()
    assert [len(one.NotificationMessage.NotificationData) for one in wire.sent] == [1]


async def test_channel_that_is_gone_gets_nothing(scene: Scene) -> None:
    scene.ask(1)
    scene.requests.drop_channel(scene.wire)
    scene.change(1)
    scene.turn()
    assert scene.wire.sent == []


async def test_of_late_subscriptions_the_more_important_one_is_served_first(scene: Scene) -> None:
    urgent = Subscription(
        6, ua.NodeId(1), scene.requests,
        SubscriptionParameters(3_600_000.0, 9, 3, 4, priority=9),
        publishing=True, most_unacknowledged=3, expire=lambda _one: None,
    )  # fmt: skip
    scene.turn()
    urgent._cycle()
    scene.ask(1)
    scene.ask(2)
    assert [one.SubscriptionId for one in scene.wire.sent] == [6, 5]
    urgent.stop()


async def test_sequence_numbers_begin_again_with_one(scene: Scene) -> None:
    scene.subscription._next_number = 2**32 - 1
    for number in (1, 2):
        scene.ask(number)
        scene.change(number)
        scene.turn()
    assert [one.NotificationMessage.SequenceNumber for one in scene.wire.sent] == [2**32 - 1, 1]


async def test_messages_are_no_longer_than_the_client_takes(scene: Scene) -> None:
    scene.wire.longest_response = 128 + 4 + 2 * 14
    for number in range(1, 5):
        scene.ask(number)
    scene.change(1, 2, 3, 4)
    scene.turn()
    assert scene.values() == [[1, 2], [3], [4]]  # each message leaves a number that can be asked for again
    assert [one.MoreNotifications for one in scene.wire.sent] == [True, True, False]
    assert scene.wire.faults == []


async def test_a_value_that_fits_into_no_message_is_replaced_by_the_reason(scene: Scene) -> None:
    scene.ask(1)
    scene.ask(2)
    scene.wire.longest_response = 500
    array = EncodedValue.of_point(block(1, 100), ua.VariantType.Double, 0, 1, 1)
    pieces = [Piece(array.encoded(0), 1, handle=b"\x09\x00\x00\x00"), Piece(b"\x08\x00\x00\x00\x01\x01\x01", 1)]
    scene.queue.drain = lambda: [pieces.pop(0) for _one in list(pieces)]  # type: ignore[method-assign]
    scene.change()
    scene.turn()
    ((large, small),) = (one.NotificationMessage.NotificationData[0].MonitoredItems for one in scene.wire.sent)
    assert (large.ClientHandle, large.Value.StatusCode.name) == (9, "BadResponseTooLarge")
    assert large.Value.Value.Value is None
    assert (small.ClientHandle, small.Value.Value.Value) == (8, True)


async def test_a_client_that_takes_next_to_nothing_is_refused_request_by_request(scene: Scene) -> None:
    scene.wire.longest_response = 20
    scene.ask(1)
    scene.ask(2)
    scene.change(1)
    scene.turn()
    assert scene.wire.sent == []
    assert (1, ua.StatusCodes.BadResponseTooLarge) in scene.wire.faults


async def test_a_client_that_does_not_take_what_was_sent_gets_no_more(scene: Scene) -> None:
    scene.turn()
    scene.wire.is_congested = True
    scene.ask(1)
    scene.change(1)
    scene.turn(2)
    scene.change(2)
    assert scene.wire.sent == []
    scene.wire.is_congested = False
    scene.turn()
    assert scene.values() == [[1, 2]]
