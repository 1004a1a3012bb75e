"""From a call of a method to a wish at the desk, and back to a StatusCode."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import site_node, status_code
from gateway.adapters.opcua.node_ids import MethodNode
from gateway.adapters.opcua.services.method_arguments import ArgumentFault, doubts, read_arguments
from gateway.errors import (
    ActionNotNowError,
    ActionRefusedError,
    DeviceTimeoutError,
    GatewayError,
    LinkError,
    ProtocolError,
)
from gateway.model.actions import ActionOrigin, ActionRequest
from gateway.ports import ActionDesk

MAX_METHODS_PER_CALL = 10

_STATUS: tuple[tuple[type[GatewayError], int], ...] = (
    (ActionNotNowError, StatusCodes.BadInvalidState),
    (ActionRefusedError, StatusCodes.BadUserAccessDenied),
    (DeviceTimeoutError, StatusCodes.BadTimeout),
    (LinkError, StatusCodes.BadCommunicationError),
    (ProtocolError, StatusCodes.BadCommunicationError),
    (GatewayError, StatusCodes.BadInvalidState),
)
"""The first that fits; whatever else the analyser says is that it will not do this now."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """Answer to one call.

    Attributes:
        result: With `InputArgumentResults` where arguments are at fault.
        reason: Why it failed, in words; empty if there is nothing to say.
    """

    result: ua.CallMethodResult
    reason: str = ""


def _text(words: object) -> str:
    """Words of the desk, such that they can be sent whatever they are."""
    return str(words).encode(errors="replace").decode()


def _failure(status: int, results: Iterable[int] = (), reason: str = "") -> CallOutcome:
    result = ua.CallMethodResult(
        StatusCode=status_code(status), InputArgumentResults=[status_code(one) for one in results]
    )
    return CallOutcome(result, reason)


class MethodCalls:
    """Carries out calls one by one.

    Args:
        desk: Who decides and carries out.
        methods: What can be called.
        aspace: Address space with the methods.
    """

    def __init__(self, desk: ActionDesk, methods: Iterable[MethodNode], aspace: AddressSpace) -> None:
        self._desk = desk
        self._methods: Mapping[ua.NodeId, MethodNode] = {site_node(method.identifier): method for method in methods}
        self._aspace = aspace
        self._log = logging.getLogger("gateway.adapters.opcua")

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._methods

    async def call(self, request: ua.CallMethodRequest, origin: ActionOrigin | None) -> CallOutcome:
        """Carry out one call.

        Args:
            request: What the client wants.
            origin: The operator; None for anybody else.
        """
        if origin is None:
            return _failure(StatusCodes.BadUserAccessDenied, reason="actions are for operators: log in by user name")
        if request.ObjectId not in self._aspace or request.MethodId not in self._aspace:
            return _failure(StatusCodes.BadNodeIdUnknown)
        method = self._methods.get(request.MethodId)
        if method is None or request.ObjectId != site_node(method.parent):
            return _failure(self._no_method(request))
        arguments = read_arguments(method.action, request.InputArguments)
        if isinstance(arguments, ArgumentFault):
            return _failure(arguments.status, arguments.results)
        wish = ActionRequest(method.device, method.action.name, arguments.values, arguments.confirmed, origin)
        try:
            done = await self._desk.invoke(wish)
        except GatewayError as error:
            fault = doubts(method.action, arguments) if isinstance(error, ActionRefusedError) else None
            if fault is not None:
                return _failure(fault.status, fault.results, _text(error))
            return _failure(next(status for kind, status in _STATUS if isinstance(error, kind)), reason=_text(error))
        except Exception:  # noqa: BLE001  a fault of the program; the client gets an answer all the same
            self._log.exception("%s/%s cannot be carried out", wish.device, wish.action)
            return _failure(StatusCodes.BadInternalError)
        return CallOutcome(
            ua.CallMethodResult(
                InputArgumentResults=[ua.StatusCode() for _argument in request.InputArguments],
                OutputArguments=[ua.Variant(_text(done), ua.VariantType.String)],
            )
        )

    def _no_method(self, request: ua.CallMethodRequest) -> int:
        """Why a known node cannot be called on a known object."""
        node_class = self._aspace.read_attribute_value(request.MethodId, AttributeIds.NodeClass).Value
        is_method = node_class is not None and node_class.Value == ua.NodeClass.Method
        if is_method and request.MethodId not in self._methods:
            return StatusCodes.BadNotExecutable
        return StatusCodes.BadMethodInvalid
