"""One subscription in the diagnostics (OPC 10000-5 section 12.15)."""

from __future__ import annotations

from asyncua import ua

from gateway.adapters.opcua.notifications.monitored_items import MonitoredItems
from gateway.adapters.opcua.notifications.subscription import Subscription


def subscription_diagnostics(subscription: Subscription, items: MonitoredItems) -> ua.SubscriptionDiagnosticsDataType:
    """What a subscription does.

    Args:
        subscription: The subscription.
        items: Its monitored items.
    """
    parameters, counts = subscription.parameters, subscription.statistics
    return ua.SubscriptionDiagnosticsDataType(
        SessionId=subscription.session_id,
        SubscriptionId=subscription.subscription_id,
        Priority=subscription.priority,
        PublishingInterval=parameters.publishing_interval,
        MaxKeepAliveCount=parameters.keep_alive_count,
        MaxLifetimeCount=parameters.lifetime_count,
        MaxNotificationsPerPublish=parameters.notifications_per_message,
        PublishingEnabled=subscription.publishing,
        ModifyCount=counts.modifies,
        EnableCount=counts.enables,
        DisableCount=counts.disables,
        RepublishRequestCount=counts.republish_requests,
        RepublishMessageRequestCount=counts.republish_requests,
        RepublishMessageCount=counts.republish_messages,
        TransferRequestCount=counts.transfers,
        TransferredToAltClientCount=counts.transfers_to_other,
        TransferredToSameClientCount=counts.transfers - counts.transfers_to_other,
        PublishRequestCount=counts.publishes,
        DataChangeNotificationsCount=counts.data_changes,
        EventNotificationsCount=counts.events,
        NotificationsCount=counts.notifications,
        LatePublishRequestCount=counts.late,
        CurrentKeepAliveCount=subscription.quiet_intervals,
        CurrentLifetimeCount=subscription.unasked_intervals,
        UnacknowledgedMessageCount=len(subscription.retransmission.numbers),
        DiscardedMessageCount=subscription.retransmission.discarded,
        MonitoredItemCount=len(items),
        DisabledMonitoredItemCount=items.disabled,
        MonitoringQueueOverflowCount=counts.dropped_data,
        NextSequenceNumber=subscription.next_number,
        EventQueueOverflowCount=counts.dropped_events,
    )
