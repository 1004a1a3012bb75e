"""The nodes that OPC UA itself defines (namespace 0), as asyncua brings them, in our compact form.

asyncua 2.1.0 holds them as 25 modules of generated calls, 11 MB of code for 6,174 nodes. They are run one after the
other and forgotten, so that there is never more than one of them in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.node_shapes import NodeMaker
from gateway.adapters.opcua.address_space.references import describe
from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.errors import AdapterError
from gateway.model.garbage import not_collecting_garbage

_PACKAGE = "asyncua.server.standard_address_space"
_PART = "standard_address_space_services_"
_FILLS = "create_standard_address_space_Services_"
_HAS_TYPE_DEFINITION = standard_node(ObjectIds.HasTypeDefinition)


def _parts() -> Iterator[Callable[[Any], None]]:
    """The functions that add the nodes, each in a module of its own that lives as long as the function is used."""
    package = find_spec(_PACKAGE)
    places = [] if package is None else list(package.submodule_search_locations or ())
    files = [file for place in places for file in Path(place).glob(f"{_PART}*.py")]
    if not files:
        raise AdapterError(
            "asyncua has no standard address space where version 2.1.0 has it",
            where="opcua",
            hint="install the version of asyncua that the gateway asks for",
        )
    for file in sorted(files, key=lambda file: int(file.stem.removeprefix(_PART))):
        spec = spec_from_file_location(file.stem, file)
        assert spec is not None  # noqa: S101  a file ending in .py has a loader
        assert spec.loader is not None  # noqa: S101
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        yield getattr(module, _FILLS + file.stem.removeprefix(_PART))
        vars(module).clear()  # a module and its functions hold each other until they are collected


class _Filler:
    """Takes the place of asyncua's NodeManagementService: nodes at once, references when all nodes are there."""

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = aspace
        self._maker = NodeMaker(stamped=False)
        self._wanted: dict[tuple[ua.NodeId, ua.NodeId, ua.NodeId], bool] = {}

    def add_nodes(self, items: list[ua.AddNodesItem]) -> None:
        for item in items:
            node_id = item.RequestedNewNodeId
            self._maker.make(item, node_id).place(self._aspace)
            if not item.ParentNodeId.is_null():
                self._want(item.ParentNodeId, item.ReferenceTypeId, node_id, forward=True)
                self._want(node_id, item.ReferenceTypeId, item.ParentNodeId, forward=False)
            if not item.TypeDefinition.is_null():
                self._want(node_id, _HAS_TYPE_DEFINITION, item.TypeDefinition, forward=True)

    def add_references(self, items: list[ua.AddReferencesItem]) -> None:
        for item in items:
            self._want(item.SourceNodeId, item.ReferenceTypeId, item.TargetNodeId, forward=item.IsForward)

    def _want(self, source: ua.NodeId, kind: ua.NodeId, target: ua.NodeId, *, forward: bool) -> None:
        self._wanted.setdefault((source, kind, target), forward)

    def connect(self) -> None:
        """Add the references; those that lead to the same node are one object."""
        aspace = self._aspace
        known: dict[tuple[ua.NodeId, ua.NodeId, bool], ua.ReferenceDescription] = {}
        types_first = sorted(self._wanted.items(), key=lambda wanted: wanted[0][1] != _HAS_TYPE_DEFINITION)
        for (source, kind, target), forward in types_first:
            key = kind, target, forward
            if key not in known:
                known[key] = describe(aspace, aspace[kind].nodeid, aspace[target], forward=forward)
            aspace[source].references.append(known[key])


def add_standard_nodes(aspace: AddressSpace) -> None:
    """Fill an empty address space; takes half a second, so it belongs into a worker thread.

    Raises:
        AdapterError: The installed asyncua keeps its nodes elsewhere.
    """
    filler = _Filler(aspace)
    with not_collecting_garbage():
        for fill in _parts():
            fill(filler)
        filler.connect()
