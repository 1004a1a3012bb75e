"""Every method of the server in one table: who may call it on what, and what it takes (OPC 10000-4 section 5.12.2).

asyncua 2.1.0 calls whatever has a callback, on any object, for anybody, with any arguments.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.security.identity import Role
from gateway.adapters.opcua.services.method_arguments import ArgumentTypes
from gateway.adapters.opcua.services.method_lookup import method_of

if TYPE_CHECKING:
    from gateway.adapters.opcua.services.sessions import ClientSession

_LOG = logging.getLogger("gateway.adapters.opcua")


@dataclass(frozen=True, slots=True)
class MethodCall:
    """One call whose object, caller and arguments have been found in order.

    Attributes:
        session: Who calls.
        object_id: On what.
        method_id: As it was offered; the client may have named it by the method of the object's type.
        arguments: Of the number and the types announced.
    """

    session: ClientSession
    object_id: ua.NodeId
    method_id: ua.NodeId
    arguments: Sequence[ua.Variant]


Handler = Callable[[MethodCall], Awaitable[Sequence[ua.Variant]]]
"""Carries a call out and returns its output arguments; raises UaStatusCodeError or MethodFailedError if it cannot."""


class MethodFailedError(Exception):
    """A call that is not carried out, where a StatusCode alone would not say enough.

    Args:
        status: StatusCode of the call.
        argument_results: StatusCode of each argument; empty unless arguments are at fault.
        reason: In words, for clients that ask for diagnostics.
    """

    def __init__(self, status: int, argument_results: Iterable[int] = (), reason: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.argument_results = tuple(argument_results)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """Answer to one call.

    Attributes:
        result: With `InputArgumentResults` where arguments are at fault.
        reason: Why it failed, in words; empty if there is nothing to say.
    """

    result: ua.CallMethodResult
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Offer:
    handler: Handler
    on: Callable[[ua.NodeId], bool]
    inputs: ArgumentTypes
    role: Role


class MethodTable:
    """What can be called. What is not offered here is not executable, whatever its node says.

    Args:
        aspace: Address space with the methods.
    """

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = aspace
        self._offers: dict[ua.NodeId, _Offer] = {}

    def offer(
        self,
        method_id: ua.NodeId,
        handler: Handler,
        *,
        on: Callable[[ua.NodeId], bool],
        inputs: Sequence[ua.Argument] = (),
        role: Role = Role.OBSERVER,
    ) -> None:
        """Make one method callable. Offered again, the later offer counts.

        Args:
            method_id: The method of an object, or of an ObjectType for every instance that `on` takes.
            handler: Carries it out.
            on: Whether the method belongs to this object.
            inputs: What it takes; DataType and ValueRank are checked before the handler.
            role: Least role that may call it.
        """
        self._offers[method_id] = _Offer(handler, on, ArgumentTypes(self._aspace, inputs), role)

    def is_executable(self, method_id: ua.NodeId) -> bool:
        """Attribute Executable: whether anybody may call it."""
        return method_id in self._offers

    def is_executable_by(self, method_id: ua.NodeId, session: ClientSession) -> bool:
        """Attribute UserExecutable: whether this session may call it."""
        offer = self._offers.get(method_id)
        return offer is not None and _may(session, offer.role)

    def least(self, method_id: ua.NodeId) -> Role:
        """The least role that may call it; of what nobody may call, the highest."""
        offer = self._offers.get(method_id)
        return Role.ENGINEER if offer is None else offer.role

    async def call(self, request: ua.CallMethodRequest, session: ClientSession) -> CallOutcome:
        """Carry out one call; whatever goes wrong is in its result."""
        try:
            return await self._carry_out(request, session)
        except MethodFailedError as error:
            return _failure(error.status, error.argument_results, _sendable(error.reason))
        except (UaStatusCodeError, ServiceError) as error:
            return _failure(error.code)
        except Exception:  # noqa: BLE001  a fault of the program; the client gets an answer all the same
            _LOG.exception("%s cannot be carried out", request.MethodId.to_string())
            return _failure(StatusCodes.BadInternalError)

    async def _carry_out(self, request: ua.CallMethodRequest, session: ClientSession) -> CallOutcome:
        if request.ObjectId not in self._aspace or request.MethodId not in self._aspace:
            raise MethodFailedError(StatusCodes.BadNodeIdUnknown)
        method_id, offer = self._find(request.ObjectId, request.MethodId)
        if not _may(session, offer.role):
            raise MethodFailedError(
                StatusCodes.BadUserAccessDenied, reason=f"this is for role {offer.role}: log in as a user who has it"
            )
        arguments = request.InputArguments or []
        fault = offer.inputs.fault(arguments)
        if fault is not None:
            raise MethodFailedError(fault.status, fault.results)
        outputs = await offer.handler(MethodCall(session, request.ObjectId, method_id, arguments))
        return CallOutcome(
            ua.CallMethodResult(
                InputArgumentResults=[ua.StatusCode() for _argument in arguments], OutputArguments=list(outputs)
            )
        )

    def _find(self, object_id: ua.NodeId, method_id: ua.NodeId) -> tuple[ua.NodeId, _Offer]:
        """The method as it was offered for this object."""
        for candidate in (method_id, method_of(self._aspace, object_id, method_id)):
            offer = None if candidate is None else self._offers.get(candidate)
            if offer is not None and candidate is not None and offer.on(object_id):
                return candidate, offer
        node_class = self._aspace.read_attribute_value(method_id, AttributeIds.NodeClass).Value
        is_method = node_class is not None and node_class.Value == ua.NodeClass.Method
        if is_method and method_id not in self._offers:
            raise MethodFailedError(StatusCodes.BadNotExecutable)
        raise MethodFailedError(StatusCodes.BadMethodInvalid)


def _may(session: ClientSession, least: Role) -> bool:
    return session.identity is not None and session.identity.role.includes(least)


def _sendable(words: str) -> str:
    """Words such that they can be sent whatever they are."""
    return words.encode(errors="replace").decode()


def _failure(status: int, results: Iterable[int] = (), reason: str = "") -> CallOutcome:
    result = ua.CallMethodResult(
        StatusCode=status_code(status), InputArgumentResults=[status_code(one) for one in results]
    )
    return CallOutcome(result, reason)
