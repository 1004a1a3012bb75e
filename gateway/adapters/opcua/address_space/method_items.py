"""The nodes of one method, with what it takes and what it gives (OPC 10000-3 section 5.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.node_items import method_item, variable_item
from gateway.adapters.opcua.engine.wire_types import site_node, standard_node
from gateway.adapters.opcua.node_ids import METHOD_PROPERTIES, MethodNode
from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.points import ValueKind

CONFIRM = "Confirm"
_LARGEST_UINT32 = 2**32 - 1


def argument_type(argument: ActionArgument) -> ua.VariantType:
    """The type a client must send: Double, or UInt32 for a whole number whose bounds allow it, else Int64."""
    if argument.kind is ValueKind.FLOAT:
        return ua.VariantType.Double
    fits = argument.lowest >= 0 and argument.highest <= _LARGEST_UINT32
    return ua.VariantType.UInt32 if fits else ua.VariantType.Int64


def _argument(name: str, kind: ua.VariantType, description: str, length: int | None = None) -> ua.Argument:
    return ua.Argument(
        Name=name,
        DataType=standard_node(kind.value),
        ValueRank=ua.ValueRank.Scalar if length is None else ua.ValueRank.OneDimension,
        ArrayDimensions=[] if length is None else [ua.UInt32(length)],
        Description=ua.LocalizedText(description),
    )


def _bounds(argument: ActionArgument) -> str:
    if argument.length is None:
        return argument.bounds
    return f"at most {argument.length} numbers, each {argument.bounds}"


def input_arguments(action: ActionSpec) -> list[ua.Argument]:
    """What the method takes; `Confirm` comes last."""
    arguments = [
        _argument(one.name, argument_type(one), f"{one.description} ({_bounds(one)})", one.length)
        for one in action.arguments
    ]
    return [*arguments, _argument(CONFIRM, ua.VariantType.Boolean, "true: I mean it")]


def output_arguments() -> list[ua.Argument]:
    """What every method gives."""
    return [_argument("Result", ua.VariantType.String, "What became of the action, in words")]


def _property(method: MethodNode, name: str, arguments: Sequence[ua.Argument]) -> ua.AddNodesItem:
    return variable_item(
        site_node(f"{method.identifier}/{name}"),
        site_node(method.identifier),
        ua.QualifiedName(name, 0),
        "",
        reference=ObjectIds.HasProperty,
        definition=ObjectIds.PropertyType,
        data_type=ObjectIds.Argument,
        value=ua.Variant(list(arguments), ua.VariantType.ExtensionObject, is_array=True),
        length=len(arguments),
    )


def method_items(method: MethodNode) -> Iterator[ua.AddNodesItem]:
    """The method and its properties, parents first."""
    action = method.action
    yield method_item(site_node(method.identifier), site_node(method.parent), action.name, action.description)
    for name, arguments in zip(METHOD_PROPERTIES, (input_arguments(action), output_arguments()), strict=True):
        yield _property(method, name, arguments)
