"""Calls that a connection waits for: they run beside it, so that it keeps publishing meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.security.audit_records import method_called
from gateway.adapters.opcua.security.identity import Role
from gateway.adapters.opcua.services.call_requests import read_calls
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.method_table import CallOutcome
from gateway.adapters.opcua.services.sessions import ClientSession

MAX_CALLS = 4
"""Call requests of one connection that may be in progress."""

_WANTS_REASONS = 0x80  # ReturnDiagnostics, operation level, AdditionalInfo (OPC 10000-4 section 7.32)

Answer = Callable[[ua.CallResponse | ua.ServiceFault], None]
"""Sends a response, unless the connection is gone."""


def _call_response(outcomes: Sequence[CallOutcome], *, reasons: bool) -> ua.CallResponse:
    response = ua.CallResponse(Results=[outcome.result for outcome in outcomes])
    if reasons:
        response.DiagnosticInfos = [ua.DiagnosticInfo(AdditionalInfo=ua.String(one.reason)) for one in outcomes]
    return response


def _fault(status: int) -> ua.ServiceFault:
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = status_code(status)
    return fault


class PendingCalls:
    """Call requests of one connection.

    Args:
        server: The inner server, whose task group owns them and whose methods can be called.
    """

    def __init__(self, server: InnerServer) -> None:
        self._server = server
        self._scopes: set[anyio.CancelScope] = set()

    def start(self, session: ClientSession, header: ua.RequestHeader, body: Buffer, answer: Answer) -> None:
        """Begin one request; `answer` follows when all its methods are through.

        Args:
            session: Who calls.
            header: Of the request.
            body: `CallParameters` as they came.
            answer: Called once.

        Raises:
            ServiceError: The session is not activated, the request is too large or empty or no request, or too many are
                in progress.
        """
        if not session.is_activated():
            raise ServiceError(StatusCodes.BadSessionNotActivated)
        requests = read_calls(body.read(len(body)), self._server.limits.methods_per_call)
        if len(self._scopes) >= MAX_CALLS:
            raise ServiceError(StatusCodes.BadTooManyOperations)
        if self._server.calls is None:
            raise ServiceError(StatusCodes.BadServerHalted)
        reasons = bool(header.ReturnDiagnostics & _WANTS_REASONS)
        scope = anyio.CancelScope()
        self._scopes.add(scope)

        async def run() -> None:
            outcomes: list[CallOutcome] | None = None
            try:
                with scope:
                    outcomes = [await self._call(request, session, header) for request in requests]
            finally:
                self._scopes.discard(scope)
                if outcomes is not None:
                    answer(_call_response(outcomes, reasons=reasons))
                else:
                    answer(_fault(StatusCodes.BadSessionClosed if scope.cancel_called else StatusCodes.BadServerHalted))

        self._server.calls.start_soon(run)

    async def _call(
        self, request: ua.CallMethodRequest, session: ClientSession, header: ua.RequestHeader
    ) -> CallOutcome:
        """Carry out one call, and tell the audit trail of what not everybody may call."""
        methods = self._server.methods
        outcome = await methods.call(request, session)
        if methods.is_executable(request.MethodId) and methods.least(request.MethodId) is not Role.OBSERVER:
            status = 0 if outcome.result.StatusCode is None else outcome.result.StatusCode.value
            what = method_called(session, request, status, header.AuditEntryId or "")
            self._server.audit.record(what)
        return outcome

    def cancel(self) -> None:
        """Nobody waits for them any more."""
        for scope in self._scopes:
            scope.cancel()
