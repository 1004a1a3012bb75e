"""Who reports whose events: the Server object, the folder of analysers, each analyser (OPC 10000-3 section 7.17)."""

from __future__ import annotations

from collections.abc import Iterable

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.builder import add_reference
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.events.notifier import SERVER
from gateway.model.points import SiteSpec

_LISTENABLE = ua.DataValue(ua.Variant(ua.EventNotifier.SubscribeToEvents.mask, ua.VariantType.Byte))


def add_notifiers(aspace: AddressSpace, site: SiteSpec, analysers: ua.NodeId, sources: Iterable[str]) -> None:
    """Let clients listen to the site as a whole and to each analyser.

    Args:
        aspace: Address space with the nodes of the site.
        site: The site.
        analysers: Folder of the analysers.
        sources: String parts of the NodeIds at which events begin, `stack` or `stack/I1`.
    """
    _listen(aspace, SERVER)
    _listen(aspace, analysers)
    add_reference(aspace, SERVER, ObjectIds.HasNotifier, analysers)
    for device in site.devices:
        _listen(aspace, site_node(device.name))
        add_reference(aspace, analysers, ObjectIds.HasNotifier, site_node(device.name))
    for source in dict.fromkeys(sources):
        device_name, separator, _rest = source.partition("/")
        if separator:
            add_reference(aspace, site_node(device_name), ObjectIds.HasEventSource, site_node(source))


def _listen(aspace: AddressSpace, node_id: ua.NodeId) -> None:
    aspace[node_id].attributes[AttributeIds.EventNotifier].value = _LISTENABLE
