"""The methods of open actions: from a call to a wish at the desk, and back to a StatusCode."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.address_space.method_items import input_arguments
from gateway.adapters.opcua.engine.double_array import as_array
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.models.calibration_groups import ModelMethod
from gateway.adapters.opcua.node_ids import MethodNode
from gateway.adapters.opcua.security.identity import Role
from gateway.adapters.opcua.services.method_table import MethodCall, MethodFailedError, MethodTable
from gateway.errors import (
    ActionNotNowError,
    ActionRefusedError,
    DeviceTimeoutError,
    GatewayError,
    LinkError,
    ProtocolError,
)
from gateway.model.actions import ActionArgument, ActionRequest, ActionSpec, ArgumentValue
from gateway.ports import ActionDesk

_STATUS: tuple[tuple[type[GatewayError], int], ...] = (
    (ActionNotNowError, StatusCodes.BadInvalidState),
    (ActionRefusedError, StatusCodes.BadUserAccessDenied),
    (DeviceTimeoutError, StatusCodes.BadTimeout),
    (LinkError, StatusCodes.BadCommunicationError),
    (ProtocolError, StatusCodes.BadCommunicationError),
    (GatewayError, StatusCodes.BadInvalidState),
)
"""The first that fits; whatever else the analyser says is that it will not do this now."""


def offer_actions(table: MethodTable, desk: ActionDesk, methods: Iterable[MethodNode]) -> None:
    """Make the methods of open actions callable for operators.

    Args:
        table: Of the server.
        desk: Who decides and carries out.
        methods: Methods in the address space.
    """
    for method in methods:
        table.offer(
            site_node(method.identifier),
            partial(_carry_out, desk, method.device, method.action, ()),
            on=site_node(method.parent).__eq__,
            inputs=input_arguments(method.action),
            role=Role.OPERATOR,
        )


def offer_model_actions(table: MethodTable, desk: ActionDesk, methods: Iterable[ModelMethod]) -> None:
    """Make the methods of companion models callable that are open actions under another name.

    Args:
        table: Of the server.
        desk: Who decides and carries out.
        methods: Methods in the address space.
    """
    for method in methods:
        table.offer(
            site_node(method.identifier),
            partial(_carry_out, desk, method.device, method.action, method.arguments),
            on=site_node(method.parent).__eq__,
            inputs=input_arguments(method.asked),
            role=Role.OPERATOR,
        )


async def _carry_out(
    desk: ActionDesk, device: str, action: ActionSpec, given: tuple[int, ...], call: MethodCall
) -> Sequence[ua.Variant]:
    """Ask the desk; `given` are the first arguments of the action, which the caller has chosen with the method."""
    origin = call.session.origin
    if origin is None:
        raise MethodFailedError(StatusCodes.BadUserAccessDenied, reason="actions are for users who have proved a name")
    *values, confirmed = call.arguments
    arguments = (*given, *map(_argument_value, values))
    wish = ActionRequest(device, action.name, arguments, bool(confirmed.Value), origin)
    try:
        done = await desk.invoke(wish)
    except GatewayError as error:
        doubts = _doubts(action, wish)[len(given) :] if isinstance(error, ActionRefusedError) else ()
        if doubts:
            raise MethodFailedError(StatusCodes.BadInvalidArgument, doubts, str(error)) from error
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        raise MethodFailedError(status, reason=str(error)) from error
    return [ua.Variant(done.encode(errors="replace").decode(), ua.VariantType.String)]


def _argument_value(given: ua.Variant) -> ArgumentValue:
    """What an argument of a type announced is for the desk; an array as a matrix of one dimension comes as a list."""
    if given.is_array and not isinstance(given.Value, memoryview):
        return as_array(given.Value or ())
    value: ArgumentValue = given.Value
    return value


def _doubt(argument: ActionArgument, value: ArgumentValue) -> int:
    if isinstance(value, memoryview):
        if not len(value):
            return StatusCodes.BadInvalidArgument
        numbers = np.asarray(value)
        within = np.isfinite(numbers) & (argument.lowest <= numbers) & (numbers <= argument.highest)
        return StatusCodes.Good if within.all() else StatusCodes.BadOutOfRange
    is_within = math.isfinite(value) and argument.lowest <= value <= argument.highest
    return StatusCodes.Good if is_within else StatusCodes.BadOutOfRange


def _doubts(action: ActionSpec, wish: ActionRequest) -> tuple[int, ...]:
    """StatusCode of each argument if one of them is a reason to refuse the action; nothing if none is."""
    results = [_doubt(one, value) for one, value in zip(action.arguments, wish.arguments, strict=True)]
    results.append(StatusCodes.Good if wish.confirmed else StatusCodes.BadInvalidArgument)
    return () if all(result == StatusCodes.Good for result in results) else tuple(results)
