"""Methods of the Server object that help a client to get along with its subscriptions (OPC 10000-5 section 9)."""

from __future__ import annotations

from collections.abc import Sequence

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.notifications.monitored_items import MonitoredItems
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.services.method_table import MethodCall, MethodFailedError, MethodTable

_SUBSCRIPTION_ID = ua.Argument(
    Name="SubscriptionId", DataType=standard_node(ObjectIds.UInt32), ValueRank=ua.ValueRank.Scalar
)


def offer_server_methods(table: MethodTable, subscriptions: Subscriptions) -> None:
    """Make GetMonitoredItems and ResendData callable; whatever else the Server object shows is not.

    Args:
        table: Of the server.
        subscriptions: Of all sessions.
    """

    def items(call: MethodCall) -> MonitoredItems:
        """Of the subscription that the client names, if it is its own."""
        (number,) = (one.Value for one in call.arguments)
        for subscription in subscriptions:
            if subscription.subscription_id == number and subscription.session_id != call.session.session_id:
                raise MethodFailedError(StatusCodes.BadUserAccessDenied, reason="it is another session's subscription")
        return subscriptions.items(subscriptions.owned(number, call.session))

    async def get_monitored_items(call: MethodCall) -> Sequence[ua.Variant]:
        return [ua.Variant(handles, ua.VariantType.UInt32, is_array=True) for handles in items(call).handles]

    async def resend_data(call: MethodCall) -> Sequence[ua.Variant]:
        items(call).resend()
        return []

    server = standard_node(ObjectIds.Server)
    for identifier, handler in (
        (ObjectIds.Server_GetMonitoredItems, get_monitored_items),
        (ObjectIds.Server_ResendData, resend_data),
    ):
        table.offer(standard_node(identifier), handler, on=server.__eq__, inputs=[_SUBSCRIPTION_ID])
