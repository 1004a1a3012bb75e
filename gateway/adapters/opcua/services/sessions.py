"""Sessions of clients: they read, they cannot be guessed, and they keep their hands off each other.

asyncua 2.1.0 counts authentication tokens upwards and lets any session delete or change the subscriptions of another.
Who may use a session is for the `SecureChannel` to judge; who may call a method is for the `MethodTable`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.adapters.opcua.security.identity import ClientIdentity
from gateway.model.actions import ActionOrigin

TOKEN_BYTES = 32
_NOT_MINE = StatusCodes.BadSubscriptionIdInvalid


class ClientSession(InternalSession):
    """Session of one network client.

    Args:
        server: The inner server.
        subscriptions: Of all sessions.
        name: Of the peer.

    Attributes:
        channel: The connection that may use the session; None before it is told, and after that connection has gone.
        security: Of the channel in which the session was created.
        identity: Who uses the session; None until it is activated.
        origin: The operator who has logged in; None for an anonymous reader.
    """

    def __init__(self, server: InternalServer, subscriptions: Subscriptions, name: str) -> None:
        super().__init__(server, server.aspace, subscriptions, name, external=True)
        self.channel: object | None = None
        self.security: ChannelSecurity | None = None
        self.identity: ClientIdentity | None = None
        self.origin: ActionOrigin | None = None
        self._subscriptions = subscriptions
        server.unregister_external_session(self)
        self.auth_token = ua.NodeId(ua.ByteString(secrets.token_bytes(TOKEN_BYTES)))
        server.register_external_session(self)

    async def create_session(
        self, params: ua.CreateSessionParameters, sockname: tuple[str, int] | None = None
    ) -> ua.CreateSessionResult:
        """Answer CreateSession. The idle limit counts from here, so that sessions never activated go away too."""
        result = await super().create_session(params, sockname)
        self._start_timeout_watchdog()
        return result

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        """Refuse every operation; nothing here is writable."""
        return [
            status_code(StatusCodes.BadNotWritable if item.NodeId in self.aspace else StatusCodes.BadNodeIdUnknown)
            for item in params.NodesToWrite
        ]

    def _require_mine(self, subscription_id: int) -> None:
        if not self._subscriptions.is_owned(subscription_id, self.session_id):
            raise ServiceError(_NOT_MINE)

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        """As the base class, in a subscription of this session only."""
        self._require_mine(params.SubscriptionId)
        return await super().create_monitored_items(params)

    async def modify_monitored_items(
        self, params: ua.ModifyMonitoredItemsParameters
    ) -> list[ua.MonitoredItemModifyResult]:
        """As the base class, in a subscription of this session only."""
        self._require_mine(params.SubscriptionId)
        return await super().modify_monitored_items(params)

    async def delete_monitored_items(self, params: ua.DeleteMonitoredItemsParameters) -> list[ua.StatusCode]:
        """As the base class, in a subscription of this session only."""
        self._require_mine(params.SubscriptionId)
        return await super().delete_monitored_items(params)

    async def set_monitoring_mode(self, params: ua.SetMonitoringModeParameters) -> list[ua.StatusCode]:
        """As the base class, in a subscription of this session only."""
        self._require_mine(params.SubscriptionId)
        return await super().set_monitoring_mode(params)

    def modify_subscription(self, params: ua.ModifySubscriptionParameters) -> ua.ModifySubscriptionResult:
        """As the base class, for a subscription of this session only."""
        self._require_mine(params.SubscriptionId)
        return super().modify_subscription(params)

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        """As the base class, for a subscription of this session only."""
        self._require_mine(params.SubscriptionId)
        message = super().republish(params)
        if not message.NotificationData:
            raise ServiceError(StatusCodes.BadMessageNotAvailable)
        return message

    async def set_publishing_mode(self, params: ua.SetPublishingModeParameters) -> list[ua.StatusCode]:
        """As the base class, for subscriptions of this session only."""
        for subscription_id in params.SubscriptionIds:
            self._require_mine(subscription_id)
        return await super().set_publishing_mode(params)

    async def delete_subscriptions(self, ids: list[int]) -> list[ua.StatusCode]:
        """Delete those of this session; another's does not exist for it."""
        results: list[ua.StatusCode] = []
        for subscription_id in ids:
            if self._subscriptions.is_owned(subscription_id, self.session_id):
                results.extend(await super().delete_subscriptions([subscription_id]))
            else:
                results.append(status_code(_NOT_MINE))
        return results

    def publish(self, acks: Iterable[ua.SubscriptionAcknowledgement] | None = None) -> tuple[int, list[ua.StatusCode]]:
        """Take acknowledgements of own subscriptions; returns the number of own subscriptions and the results.

        Raises:
            ServiceError: The session has no subscription.
        """
        mine = sum(
            subscription.session_id == self.session_id for subscription in self._subscriptions.subscriptions.values()
        )
        if not mine:
            raise ServiceError(StatusCodes.BadNoSubscription)
        results: list[ua.StatusCode] = []
        for acknowledgement in acks or ():
            if self._subscriptions.is_owned(acknowledgement.SubscriptionId, self.session_id):
                results.extend(super().publish([acknowledgement])[1])
            else:
                results.append(status_code(_NOT_MINE))
        return mine, results
