"""ConditionRefresh: what a client that has just come must know of conditions (OPC 10000-9 sections 5.5.7 and 5.5.8).

It is done in one go, so that no refresh can run into another one, and no event comes between its start and its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.conditions.event import Event
from gateway.adapters.opcua.conditions.event_types import CONDITION_TYPE
from gateway.adapters.opcua.conditions.notifier import EventItem, EventNotifier
from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.services.method_table import MethodCall, MethodFailedError, MethodTable
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.model.role import Role

_SEVERITY = 100
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
        retained: Present event of every condition that is of interest.
        simple_event: Makes an event of a type from its message and severity; its source is the Server object.
    """

    def __init__(
        self,
        items: EventItems,
        notifier: EventNotifier,
        retained: Callable[[], Iterable[Event]],
        simple_event: Callable[[int, str, int], Event],
    ) -> None:
        self._items = items
        self._notifier = notifier
        self._retained = retained
        self._simple_event = simple_event

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
        try:
            items = self._items(subscription_id, call.session)
        except ServiceError as error:
            raise MethodFailedError(error.code, reason="this session has no such subscription") from error
        if item_ids:
            items = [one for one in items if one.item_id == item_ids[0]]
            if not items:
                raise MethodFailedError(StatusCodes.BadMonitoredItemIdInvalid, reason="no such item on events")
        begin = self._simple_event(_IDS.RefreshStartEventType, "refresh begins", _SEVERITY)
        end = self._simple_event(_IDS.RefreshEndEventType, "refresh ends", _SEVERITY)
        retained = [(event, self._notifier.way(event.source)) for event in self._retained()]
        for item in items:
            item.deliver(begin)
            for event, way in retained:
                if item.notifier in way:
                    item.deliver(event)
            item.deliver(end)
        return ()
