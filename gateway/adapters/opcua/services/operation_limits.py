"""How much one request may ask for: the limits that the server announces, held before anything of it is decoded.

asyncua 2.1.0 announces 10,000 operations per request and takes as many as a message holds. A read costs 25 us, decoding
included, so a message of a megabyte would hold the event loop for 1.6 s.
"""

from __future__ import annotations

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import Primitives, nodeid_from_binary

from gateway.adapters.opcua.engine.service_messages import decoded
from gateway.adapters.opcua.engine.wire_types import standard_node

_BEFORE_OPERATIONS = {
    "Read": 12, "Write": 0, "BrowseNext": 1, "TranslateBrowsePathsToNodeIds": 0,
    "RegisterNodes": 0, "UnregisterNodes": 0,
    "CreateMonitoredItems": 8, "ModifyMonitoredItems": 8, "DeleteMonitoredItems": 4, "SetMonitoringMode": 8,
    "DeleteSubscriptions": 0, "SetPublishingMode": 1, "TransferSubscriptions": 0,
}  # fmt: skip
"""Bytes of a service's parameters before its list of operations (OPC 10000-4 section 5)."""

_AFTER_VIEW = 16  # the view's time and version, and the number of references wanted
_BROWSE = standard_node(ObjectIds.BrowseRequest_Encoding_DefaultBinary)
_TRIGGERING = standard_node(ObjectIds.SetTriggeringRequest_Encoding_DefaultBinary)
_TWO_LISTS = 16  # subscription, item, and the lengths of the lists of links
_LINK = 4
_OFFSETS = {
    standard_node(getattr(ObjectIds, f"{name}Request_Encoding_DefaultBinary")): offset
    for name, offset in _BEFORE_OPERATIONS.items()
}


def require_few_operations(service: ua.NodeId, parameters: Buffer, most: int) -> None:
    """Look at the length of the list of operations, and leave the parameters as they are.

    Args:
        service: Encoding of the request.
        parameters: Not decoded yet.
        most: Operations in one request.

    Raises:
        ServiceError: There are more, or the parameters make no sense.
    """
    ahead = parameters.copy()
    if service == _TRIGGERING:
        if len(ahead) > _TWO_LISTS + _LINK * most:
            raise ServiceError(StatusCodes.BadTooManyOperations)
        return
    if service == _BROWSE:
        decoded(nodeid_from_binary, ahead)
        ahead.skip(_AFTER_VIEW)
    elif service in _OFFSETS:
        ahead.skip(_OFFSETS[service])
    else:
        return
    if Primitives.Int32.unpack(ahead) > most:
        raise ServiceError(StatusCodes.BadTooManyOperations)
