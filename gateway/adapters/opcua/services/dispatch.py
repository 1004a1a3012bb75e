"""Services that need a session and are not asyncua's: from the bytes of a request to those of its response."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from gateway.adapters.opcua.engine.service_messages import response_start
from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.services.access import Access
from gateway.adapters.opcua.services.attributes import Attributes
from gateway.adapters.opcua.services.browse import BrowseService
from gateway.adapters.opcua.services.history import HistoryService
from gateway.adapters.opcua.services.item_services import ItemServices
from gateway.adapters.opcua.services.method_table import MethodTable
from gateway.adapters.opcua.services.operation_limits import require_few_operations
from gateway.adapters.opcua.services.read import ReadService
from gateway.adapters.opcua.services.reference_types import ReferenceTypes
from gateway.adapters.opcua.services.registered_nodes import register_nodes, unregister_nodes
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.adapters.opcua.services.subscription_services import SubscriptionServices
from gateway.adapters.opcua.services.translate import TranslateService
from gateway.adapters.opcua.services.write import WriteService

Service = Callable[[ClientSession, bytes], Awaitable[bytes]]
"""Parameters of a request in, parameters of its response out; raises ServiceError for the request as a whole."""


class Services:
    """Everything but sessions, calls and Publish.

    Args:
        aspace: Of the server.
        methods: What can be called.
        subscriptions: Of all sessions.
        limits: How much clients may ask for.

    Attributes:
        access: Who may read what.
    """

    def __init__(
        self, aspace: AddressSpace, methods: MethodTable, subscriptions: Subscriptions, limits: Limits
    ) -> None:
        self.access = Access()
        self._limits = limits
        attributes = Attributes(methods, self.access)
        types = ReferenceTypes(aspace)
        browse = BrowseService(aspace, types)
        by_name: dict[str, Service] = {
            "Read": ReadService(aspace, attributes, self.access).answer,
            "Write": WriteService(aspace, attributes).answer,
            "HistoryRead": HistoryService(aspace, limits.operations).answer,
            "Browse": browse.answer,
            "BrowseNext": browse.answer_next,
            "TranslateBrowsePathsToNodeIds": TranslateService(aspace, types).answer,
            "RegisterNodes": register_nodes,
            "UnregisterNodes": unregister_nodes,
            **SubscriptionServices(subscriptions).by_name,
            **ItemServices(subscriptions, aspace, self.access).by_name,
        }
        self._services = {
            standard_node(_encoding(f"{name}Request")): (name, service, _encoding(f"{name}Response"))
            for name, service in by_name.items()
        }

    def __contains__(self, request_type: ua.NodeId) -> bool:
        return request_type in self._services

    async def answer(
        self, request_type: ua.NodeId, session: ClientSession, header: ua.RequestHeader, body: Buffer
    ) -> bytes:
        """Answer one request.

        Args:
            request_type: One of `self`.
            session: Who asks.
            header: Of the request.
            body: Its parameters.

        Returns:
            The whole response.

        Raises:
            ServiceError: The session is not activated, or the request cannot be answered as a whole, or not in as few
                bytes as the client takes.
        """
        if not session.is_activated():
            raise ServiceError(StatusCodes.BadSessionNotActivated)
        name, service, response_type = self._services[request_type]
        try:
            require_few_operations(request_type, body, self._limits.operations)
            parameters = await service(session, body.read(len(body)))
            response = response_start(response_type, header.RequestHandle) + parameters
            _require_taken(session, response)
        except (ServiceError, UaStatusCodeError) as error:
            session.facts.fail(name, error.code)
            raise
        except (struct.error, UaError) as error:
            session.facts.fail(name, StatusCodes.BadDecodingError)
            raise ServiceError(StatusCodes.BadDecodingError) from error
        session.facts.count(name)
        return response


def _require_taken(session: ClientSession, response: bytes) -> None:
    if len(response) > session.longest_response:
        raise ServiceError(StatusCodes.BadResponseTooLarge)


def _encoding(name: str) -> int:
    identifier: int = getattr(ObjectIds, f"{name}_Encoding_DefaultBinary")
    return identifier
