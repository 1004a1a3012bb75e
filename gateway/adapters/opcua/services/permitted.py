"""Which services a client may call: those that look, none that change the server (OPC 10000-4 section 5)."""

from __future__ import annotations

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.crypto.permission_rules import PermissionRuleset, User
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.services.operation_limits import require_few_operations


def _requests(*names: str) -> frozenset[ua.NodeId]:
    return frozenset(standard_node(getattr(ObjectIds, f"{name}Request_Encoding_DefaultBinary")) for name in names)


# Write and Call pass, because their refusal belongs into the result of each operation: see `ClientSession`.
_ALLOWED = _requests(
    "CloseSecureChannel", "Read", "Write", "Call",
    "Browse", "TranslateBrowsePathsToNodeIds", "RegisterNodes", "UnregisterNodes",
    "CreateSubscription", "ModifySubscription", "DeleteSubscriptions", "SetPublishingMode", "Publish", "Republish",
    "CreateMonitoredItems", "ModifyMonitoredItems", "DeleteMonitoredItems", "SetMonitoringMode",
)  # fmt: skip
_FORBIDDEN = _requests("AddNodes", "DeleteNodes", "AddReferences", "DeleteReferences", "HistoryUpdate")


class ReadingServices(PermissionRuleset):
    """The same services for everybody.

    Everything else is unsupported, TransferSubscriptions included: asyncua 2.1.0 answers it with Good and then never
    publishes again, while a client that is told the truth makes a new subscription.
    """

    def check_validity(self, user: User, action_type: ua.NodeId, body: Buffer) -> bool:  # noqa: ARG002  base class
        """Whether the service with this request type may go on.

        Raises:
            ServiceError: The service does not exist here, or the request asks for too much at once.
        """
        if action_type in _ALLOWED:
            require_few_operations(action_type, body)
            return True
        if action_type in _FORBIDDEN:
            return False
        raise ServiceError(StatusCodes.BadServiceUnsupported)
