"""What is left to asyncua of the services that need a session: hardly anything (OPC 10000-4 section 5)."""

from __future__ import annotations

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.crypto.permission_rules import PermissionRuleset, User
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import standard_node

# Publish comes here only before the session is activated, to be told so.
_LEFT = frozenset(
    standard_node(identifier)
    for identifier in (
        ObjectIds.CloseSecureChannelRequest_Encoding_DefaultBinary,
        ObjectIds.PublishRequest_Encoding_DefaultBinary,
    )
)


class ReadingServices(PermissionRuleset):
    """The same for everybody: whatever is neither here nor among `Services` does not exist."""

    def check_validity(self, user: User, action_type: ua.NodeId, body: Buffer) -> bool:  # noqa: ARG002  base class
        """Whether asyncua may answer a request of this type.

        Raises:
            ServiceError: The service does not exist here.
        """
        if action_type in _LEFT:
            return True
        raise ServiceError(StatusCodes.BadServiceUnsupported)
