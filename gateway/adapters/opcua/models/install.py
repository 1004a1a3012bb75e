"""Companion models of a site: their namespaces, types and instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.method_items import input_arguments, output_arguments
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.models.adi import AnalyserDevices
from gateway.adapters.opcua.models.adi_types import ADI_TYPES
from gateway.adapters.opcua.models.calibration_groups import ModelMethod
from gateway.adapters.opcua.models.di_types import DEVICE_SET, DI_TYPES
from gateway.adapters.opcua.models.gas_types import CALIBRATION_TYPES, GAS_TYPES
from gateway.adapters.opcua.models.instances import Instances
from gateway.adapters.opcua.models.namespaces import ADI, DI, GAS, IRDI, PADIM, SITE, UA, Namespace, standard
from gateway.adapters.opcua.models.node_table import ARGUMENT, ORGANIZES, BrowseName, TypeRow
from gateway.adapters.opcua.models.node_writer import NodeWriter
from gateway.adapters.opcua.models.padim import add_process_analyser
from gateway.adapters.opcua.models.padim_types import PADIM_TYPES
from gateway.adapters.opcua.models.standard_types import BASE_OBJECT
from gateway.adapters.opcua.models.type_nodes import (
    add_dictionaries_folder,
    add_dictionary,
    add_metadata,
    add_types,
)
from gateway.adapters.opcua.node_ids import SITE_NAMESPACE_INDEX, model_root
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.model.meaning import CompanionModel
from gateway.model.points import SiteSpec

_MODEL_NAMESPACES: Mapping[CompanionModel, tuple[Namespace, ...]] = {
    CompanionModel.PLAIN: (),
    CompanionModel.PADIM: (DI, IRDI, PADIM, GAS),
    CompanionModel.ADI: (DI, ADI, GAS),
}


def namespaces(site: SiteSpec) -> tuple[Namespace, ...]:
    """Namespaces of the models that analysers of the site have, each after those it builds on."""
    used = {namespace for device in site.devices for namespace in _MODEL_NAMESPACES[device.companion_model]}
    return tuple(namespace for namespace in Namespace if namespace in used)


def _types(used: Sequence[Namespace]) -> tuple[TypeRow, ...]:
    return (
        *DI_TYPES,
        *(PADIM_TYPES if PADIM in used else ()),
        *(ADI_TYPES if ADI in used else ()),
        *CALIBRATION_TYPES,
        *(GAS_TYPES if ADI in used else ()),
    )


def prepare_import(aspace: AddressSpace) -> None:
    """Make the places that official files take for granted."""
    add_dictionaries_folder(NodeWriter(aspace, {UA: 0}))


def install(
    site: SiteSpec, aspace: AddressSpace, values: PointValues, indices: Mapping[str, int]
) -> tuple[ModelMethod, ...]:
    """Add the companion models; it belongs into a worker thread.

    Args:
        site: What to show. Its plain tree is there already.
        aspace: Where to add; no client can see it yet.
        values: Takes what the nodes show.
        indices: Index of every namespace in the server, by URI.

    Returns:
        Methods that have been added and are still to be offered.

    Raises:
        AdapterError: A node was refused, or a driver says too little for the model that the settings ask for.
    """
    used = namespaces(site)
    if not used:
        return ()
    here = {namespace: indices[namespace.value] for namespace in used}
    writer = NodeWriter(aspace, {UA: 0, SITE: SITE_NAMESPACE_INDEX, **here})
    types = _types(used)
    for namespace in used:
        add_metadata(writer, namespace)
    if IRDI in used:
        add_dictionaries_folder(writer)
        add_dictionary(writer)
    add_types(writer, types)
    parent = writer.node(DEVICE_SET)
    if not writer.has(DEVICE_SET):
        objects = writer.node(standard(ObjectIds.ObjectsFolder))
        writer.object(parent, objects, BrowseName(DI, "DeviceSet"), BASE_OBJECT, reference=ORGANIZES)
    make = Instances(writer, values.bind, types)
    devices = AnalyserDevices(writer, make) if ADI in used else None
    methods: list[ModelMethod] = []
    for device in site.devices:
        root = model_root(device)
        if device.companion_model is CompanionModel.PADIM:
            methods.extend(add_process_analyser(device, root, parent, make))
        elif devices is not None and device.companion_model is CompanionModel.ADI:
            methods.extend(devices.add(device, root, parent))
    for method in methods:
        _add_method(writer, method)
    writer.flush()
    return tuple(methods)


def _add_method(writer: NodeWriter, method: ModelMethod) -> None:
    node_id = site_node(method.identifier)
    writer.method(node_id, site_node(method.parent), BrowseName(GAS, method.name), method.action.description)
    for name, arguments in (("InputArguments", input_arguments(method.asked)), ("OutputArguments", output_arguments())):
        value = ua.Variant(arguments, ua.VariantType.ExtensionObject, is_array=True)
        writer.prop(site_node(f"{method.identifier}/{name}"), node_id, BrowseName(UA, name), ARGUMENT, value)
