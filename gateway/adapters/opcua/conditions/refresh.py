"""ConditionRefresh: what a client that has just come must know of conditions (OPC 10000-9 sections 5.5.7 and 5.5.8).

A site can have thousands of alarms that are open, so others get their turn in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.conditions.condition import Condition
from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.event_types import CONDITION_TYPE
from gateway.adapters.opcua.events.notifier import EventItem, EventNotifier
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.method_table import MethodCall, MethodFailedError, MethodTable
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.model.role import Role

_SEVERITY = 100
_CONDITIONS_PER_BREATH = 4
_IDS = ObjectIds


class EventItems(Protocol):
    """Where the items of a client's subscription are found."""

    def __call__(self, subscription_id: int, session: ClientSession) -> Sequence[EventItem]:
        """Items on events of a subscription of the session.

        Raises:
            ServiceError: It is not one of the session's.
        """
        ...


class ConditionRefresh:
    """The two methods.

    Args:
        items: Where items are found.
        notifier: Knows whose events an item hears.
        conditions: All of them.
        event_of: Present event of a condition.
        simple_event: Makes an event of a type from its message and severity; its source is the Server object.
    """

    def __init__(
        self,
        items: EventItems,
        notifier: EventNotifier,
        conditions: Sequence[Condition],
        event_of: Callable[[Condition], Event],
        simple_event: Callable[[int, str, int], Event],
    ) -> None:
        self._items = items
        self._notifier = notifier
        self._conditions = conditions
        self._event_of = event_of
        self._simple_event = simple_event
        self._refreshing: set[int] = set()

    def offer(self, table: MethodTable) -> None:
        """Make the methods callable for everybody who can have subscriptions."""
        subscription = ua.Argument("SubscriptionId", standard_node(_IDS.UInt32), ua.ValueRank.Scalar)
        item = ua.Argument("MonitoredItemId", standard_node(_IDS.UInt32), ua.ValueRank.Scalar)
        for identifier, inputs in (
            (_IDS.ConditionType_ConditionRefresh, (subscription,)),
            (_IDS.ConditionType_ConditionRefresh2, (subscription, item)),
        ):
            table.offer(
                standard_node(identifier), self._refresh, on=CONDITION_TYPE.__eq__, inputs=inputs, role=Role.OBSERVER
            )

    async def _refresh(self, call: MethodCall) -> Sequence[ua.Variant]:
        subscription_id, *item_ids = (int(one.Value) for one in call.arguments)

        def items() -> Sequence[EventItem]:
            """Those that are still there."""
            found = self._items(subscription_id, call.session)
            return [one for one in found if one.item_id in item_ids] if item_ids else found

        try:
            if not items() and item_ids:
                raise MethodFailedError(StatusCodes.BadMonitoredItemIdInvalid, reason="no such item on events")
            if subscription_id in self._refreshing:
                raise MethodFailedError(StatusCodes.BadRefreshInProgress, reason="one refresh of it after the other")
            self._refreshing.add(subscription_id)
            try:
                await self._tell(items)
            finally:
                self._refreshing.discard(subscription_id)
        except ServiceError as error:
            raise MethodFailedError(error.code, reason="this session has no such subscription") from error
        return ()

    async def _tell(self, items: Callable[[], Sequence[EventItem]]) -> None:
        """A condition is told as it is when its turn comes; its own events may come in between."""
        breath = Breath(_CONDITIONS_PER_BREATH)
        for item in items():
            item.deliver(self._simple_event(_IDS.RefreshStartEventType, "refresh begins", _SEVERITY))
        for condition in self._conditions:
            if condition.alarm.state.retain:
                await breath.take()
                event, way = self._event_of(condition), self._notifier.way(condition.source_id)
                for item in items():
                    if item.notifier in way:
                        item.deliver(event)
        for item in items():
            item.deliver(self._simple_event(_IDS.RefreshEndEventType, "refresh ends", _SEVERITY))
