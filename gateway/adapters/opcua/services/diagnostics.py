"""ServerDiagnostics: what clients there are, what they ask for, what they are refused (OPC 10000-5 section 6.3.3).

Nothing is put together before somebody reads it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.security.audit import SECURITY_CODES, SecurityCounters
from gateway.adapters.opcua.security.identity import Role
from gateway.adapters.opcua.services.access import Access
from gateway.adapters.opcua.services.served_values import ServedValues
from gateway.adapters.opcua.services.session_diagnostics import session_diagnostics, session_security_diagnostics
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.adapters.opcua.services.subscription_diagnostics import subscription_diagnostics

_KINDS = ua.VariantType
_PARTS = "Server_ServerDiagnostics_"
_SECURITY = _PARTS + "SessionsDiagnosticsSummary_SessionSecurityDiagnosticsArray"


@dataclass(slots=True)
class RequestCounters:
    """Since the server was started.

    Attributes:
        timeouts: Sessions that ended because nothing came from their client.
        aborts: Sessions that ended with their connection.
        rejected: Requests answered with a ServiceFault.
        security_rejected: Of them, for reasons of security.
    """

    timeouts: int = 0
    aborts: int = 0
    rejected: int = 0
    security_rejected: int = 0

    def reject(self, status: int) -> None:
        """Count a request that has been refused as a whole."""
        self.rejected += 1
        self.security_rejected += status in SECURITY_CODES

    def session_ended(self, session: ClientSession) -> None:
        """Count how a session has ended."""
        idle = (datetime.now(UTC) - session.facts.last_contact).total_seconds()
        if session.session_timeout is not None and idle >= session.session_timeout:
            self.timeouts += 1
        elif session.channel is None or session.channel.is_gone:
            self.aborts += 1


class ServerDiagnostics:
    """Answers what is below Server/ServerDiagnostics.

    Args:
        sessions: Every session of a client.
        subscriptions: Of all sessions.
        security: What has come, gone or been turned away.
        requests: What has been refused.
    """

    def __init__(
        self,
        sessions: Callable[[], Iterable[ClientSession]],
        subscriptions: Subscriptions,
        security: SecurityCounters,
        requests: RequestCounters,
    ) -> None:
        self._sessions = sessions
        self._subscriptions = subscriptions
        self._security = security
        self._requests = requests

    def serve(self, values: ServedValues, access: Access) -> None:
        """Let clients read it.

        Args:
            values: Of the server.
            access: Whose addresses and certificates sessions have is for engineers alone (OPC 10000-5 section 6.3.5).
        """
        pulled: dict[str, Callable[[], object]] = {
            "ServerDiagnosticsSummary": self.summary,
            "SubscriptionDiagnosticsArray": self.of_subscriptions,
            "SessionsDiagnosticsSummary_SessionDiagnosticsArray": self.of_sessions,
            "SessionsDiagnosticsSummary_SessionSecurityDiagnosticsArray": self.of_session_security,
        }
        for name, read in pulled.items():
            values.pull(getattr(ObjectIds, _PARTS + name), read, _KINDS.ExtensionObject)
        for field in dataclasses.fields(ua.ServerDiagnosticsSummaryDataType):
            node = getattr(ObjectIds, f"{_PARTS}ServerDiagnosticsSummary_{field.name}")
            values.pull(node, self._counter(field.name), _KINDS.UInt32)
        values.show(ObjectIds.Server_ServerDiagnostics_EnabledFlag, True, _KINDS.Boolean)
        values.make_read_only(ObjectIds.Server_ServerDiagnostics_EnabledFlag)
        access.restrict([standard_node(getattr(ObjectIds, _SECURITY))], Role.ENGINEER)

    def _counter(self, name: str) -> Callable[[], object]:
        return lambda: getattr(self.summary(), name)

    def summary(self) -> ua.ServerDiagnosticsSummaryDataType:
        """All counters."""
        return ua.ServerDiagnosticsSummaryDataType(
            ServerViewCount=0,
            CurrentSessionCount=sum(1 for _session in self._sessions()),
            CumulatedSessionCount=self._security.sessions,
            SecurityRejectedSessionCount=self._security.security_rejected_sessions,
            RejectedSessionCount=self._security.rejected_sessions,
            SessionTimeoutCount=self._requests.timeouts,
            SessionAbortCount=self._requests.aborts,
            CurrentSubscriptionCount=len(self._subscriptions),
            CumulatedSubscriptionCount=self._subscriptions.created,
            PublishingIntervalCount=len({one.parameters.publishing_interval for one in self._subscriptions}),
            SecurityRejectedRequestsCount=self._requests.security_rejected,
            RejectedRequestsCount=self._requests.rejected,
        )

    def of_subscriptions(self) -> list[ua.SubscriptionDiagnosticsDataType]:
        """One entry for each subscription."""
        return [subscription_diagnostics(one, self._subscriptions.items(one)) for one in self._subscriptions]

    def of_sessions(self) -> list[ua.SessionDiagnosticsDataType]:
        """One entry for each session."""
        return [session_diagnostics(one, self._subscriptions) for one in self._sessions()]

    def of_session_security(self) -> list[ua.ExtensionObject]:
        """One entry for each session."""
        return [session_security_diagnostics(one) for one in self._sessions()]
