"""The nodes of a site: Objects/Analysers/<analyser>/<channel or group>/<point>, and the methods of open actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.builder import add_nodes
from gateway.adapters.opcua.address_space.method_items import method_items
from gateway.adapters.opcua.address_space.node_items import object_item, variable_item
from gateway.adapters.opcua.address_space.property_values import precision_value, range_value, unit_value
from gateway.adapters.opcua.engine.wire_types import site_node, standard_node
from gateway.adapters.opcua.node_ids import ACTION_FOLDER, ANALYSERS_FOLDER, SITE_NAMESPACE_INDEX, MethodNode
from gateway.model.points import DeviceSpec, PointSpec, SiteSpec, ValueKind

_IDS = ObjectIds
ANALYSERS = ua.NodeId(ua.Int32(1), ua.Int16(SITE_NAMESPACE_INDEX))  # numeric, because an analyser may have any name
_NOTHING_YET = ua.Variant(None, ua.VariantType.Null)
_DATA_TYPE = {
    ValueKind.FLOAT: _IDS.Double,
    ValueKind.INTEGER: _IDS.Int64,
    ValueKind.BOOLEAN: _IDS.Boolean,
    ValueKind.TEXT: _IDS.String,
}


def type_definition(point: PointSpec) -> int:
    """Variable type of a point's value (OPC 10000-8 section 5.3): by which properties the variable has."""
    if point.kind not in (ValueKind.FLOAT, ValueKind.INTEGER):
        return _IDS.BaseDataVariableType
    if point.unit:
        return _IDS.AnalogUnitRangeType if point.display_range is not None else _IDS.AnalogUnitType
    if point.display_range is not None:
        return _IDS.AnalogItemType
    if point.instrument_range is not None:
        return _IDS.BaseAnalogType
    return _IDS.DataItemType if point.kind is ValueKind.FLOAT else _IDS.BaseDataVariableType


def properties(point: PointSpec) -> Iterator[tuple[str, int, ua.Variant]]:
    """Properties of a point's value: BrowseName, DataType and value."""
    if point.kind not in (ValueKind.FLOAT, ValueKind.INTEGER):
        return
    for name, bounds in (("EURange", point.display_range), ("InstrumentRange", point.instrument_range)):
        if bounds is not None:
            yield name, _IDS.Range, range_value(*bounds)
    if point.unit:
        yield "EngineeringUnits", _IDS.EUInformation, unit_value(point.unit)
    if point.kind is ValueKind.FLOAT:
        yield "ValuePrecision", _IDS.Double, precision_value(point.precision)


def _point_items(device: str, point: PointSpec) -> Iterator[ua.AddNodesItem]:
    identifier = "/".join((device, *point.path))
    node_id = site_node(identifier)
    yield variable_item(
        node_id,
        site_node("/".join((device, *point.path[:-1]))),
        ua.QualifiedName(point.path[-1], SITE_NAMESPACE_INDEX),
        point.description,
        reference=_IDS.HasComponent,
        definition=type_definition(point),
        data_type=_DATA_TYPE[point.kind],
        value=_NOTHING_YET,
        length=point.length,
    )
    for name, data_type, value in properties(point):
        yield variable_item(
            site_node(f"{identifier}/{name}"),
            node_id,
            ua.QualifiedName(name, 0),
            "",
            reference=_IDS.HasProperty,
            definition=_IDS.PropertyType,
            data_type=data_type,
            value=value,
        )


def _device_items(device: DeviceSpec, methods: Sequence[MethodNode]) -> Iterator[ua.AddNodesItem]:
    yield object_item(
        site_node(device.name),
        ANALYSERS,
        device.name,
        device.description,
        reference=_IDS.Organizes,
        definition=_IDS.BaseObjectType,
    )
    made = {device.name}
    for point in device.points:
        parts = (device.name, *point.path)
        for depth in range(2, len(parts)):
            identifier = "/".join(parts[:depth])
            if identifier not in made:
                made.add(identifier)
                parent = site_node("/".join(parts[: depth - 1]))
                yield object_item(
                    site_node(identifier),
                    parent,
                    parts[depth - 1],
                    "",
                    reference=_IDS.HasComponent,
                    definition=_IDS.BaseObjectType,
                )
        yield from _point_items(device.name, point)
    for method in methods:
        if method.parent not in made:
            made.add(method.parent)
            yield object_item(
                site_node(method.parent),
                site_node(device.name),
                ACTION_FOLDER,
                "",
                reference=_IDS.HasComponent,
                definition=_IDS.BaseObjectType,
            )
        yield from method_items(method)


def _site_items(site: SiteSpec, methods: Sequence[MethodNode]) -> Iterator[ua.AddNodesItem]:
    yield object_item(
        ANALYSERS,
        standard_node(_IDS.ObjectsFolder),
        ANALYSERS_FOLDER,
        "Analysers of this site",
        reference=_IDS.Organizes,
        definition=_IDS.FolderType,
    )
    for device in site.devices:
        yield from _device_items(device, [method for method in methods if method.device == device.name])


def add_site(site: SiteSpec, methods: Sequence[MethodNode], aspace: AddressSpace) -> None:
    """Add all nodes of the site, still without values; it belongs into a worker thread.

    Args:
        site: What to add.
        methods: Actions to show as methods.
        aspace: Where to add; no client can see it yet.

    Raises:
        AdapterError: A node was refused.
    """
    add_nodes(aspace, _site_items(site, methods))
