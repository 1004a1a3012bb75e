"""What the server says it can do: ServerCapabilities (OPC 10000-5 section 6.3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.events.event_filter import MAX_SELECT_CLAUSES, MAX_WHERE_OPERANDS
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.services.served_values import ServedValues

_PROFILE = "http://opcfoundation.org/UA-Profile/Server/"
LOCALES = ["en"]
SUBSCRIPTION_AND_MORE = ("StandardDataChangeSubscription2017", "DataAccess", "Methods")
SECURE, OPEN = "EmbeddedUA2017", "MicroEmbeddedDevice2017"
_KINDS = ua.VariantType
_PARTS = "Server_ServerCapabilities_"


def profiles(*, secure: bool) -> list[str]:
    """URIs of the profiles and facets that the server fulfils (OPC 10000-7).

    Args:
        secure: Whether there are secure endpoints; without them it is less than an embedded server.
    """
    return [_PROFILE + name for name in (SECURE if secure else OPEN, *SUBSCRIPTION_AND_MORE)]


def show_capabilities(values: ServedValues, limits: Limits, server_profiles: Sequence[str]) -> None:
    """Fill ServerCapabilities.

    Args:
        values: Of the server.
        limits: How much clients may ask for; what is shown is what is enforced.
        server_profiles: URIs.
    """
    shown: dict[str, tuple[object, ua.VariantType]] = {
        "ServerProfileArray": (list(server_profiles), _KINDS.String),
        "LocaleIdArray": (LOCALES, _KINDS.String),
        "MinSupportedSampleRate": (0.0, _KINDS.Double),
        "MaxBrowseContinuationPoints": (limits.continuation_points, _KINDS.UInt16),
        "MaxQueryContinuationPoints": (0, _KINDS.UInt16),
        "MaxHistoryContinuationPoints": (0, _KINDS.UInt16),
        "SoftwareCertificates": ([], _KINDS.ExtensionObject),
        "MaxArrayLength": (limits.array_length, _KINDS.UInt32),
        "MaxStringLength": (limits.message_bytes, _KINDS.UInt32),
        "MaxByteStringLength": (limits.message_bytes, _KINDS.UInt32),
        "MaxSessions": (limits.sessions, _KINDS.UInt32),
        "MaxSubscriptions": (limits.subscriptions, _KINDS.UInt32),
        "MaxSubscriptionsPerSession": (limits.subscriptions_per_session, _KINDS.UInt32),
        "MaxMonitoredItems": (limits.monitored_items, _KINDS.UInt32),
        "MaxMonitoredItemsPerSubscription": (limits.monitored_items_per_subscription, _KINDS.UInt32),
        "MaxMonitoredItemsQueueSize": (limits.queue_size, _KINDS.UInt32),
        "MaxSelectClauseParameters": (MAX_SELECT_CLAUSES, _KINDS.UInt32),
        "MaxWhereClauseParameters": (MAX_WHERE_OPERANDS, _KINDS.UInt32),
    }
    operations = ("Read", "Write", "Browse", "RegisterNodes", "TranslateBrowsePathsToNodeIds")
    shown |= {f"OperationLimits_MaxNodesPer{one}": (limits.operations, _KINDS.UInt32) for one in operations}
    shown["OperationLimits_MaxMonitoredItemsPerCall"] = limits.operations, _KINDS.UInt32
    shown["OperationLimits_MaxNodesPerMethodCall"] = limits.methods_per_call, _KINDS.UInt32
    for name, (value, kind) in shown.items():
        values.show(getattr(ObjectIds, _PARTS + name), value, kind)
