"""Official NodeSet2 files (OPC 10000-6 annex F) that a site brings, in the place of our tables of types."""

from __future__ import annotations

import asyncio
import logging
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.adapters.opcua.models.namespaces import GAS, UA, Namespace
from gateway.errors import AdapterError, SettingsError

if TYPE_CHECKING:
    from asyncua.server.server import Server

_LOG = logging.getLogger("gateway.adapters.opcua")
_NODE_SET = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
_HINT = "NodeSet2 files are published by the OPC Foundation in the repository UA-Nodeset"


@dataclass(frozen=True, slots=True)
class NodeSetFile:
    """One file.

    Attributes:
        path: Where it is.
        model: URI of the model that it defines.
        version: Of that model.
        requires: URIs of the models that it builds on, without OPC UA itself.
    """

    path: Path
    model: str
    version: str
    requires: tuple[str, ...]


def plan_import(folder: Path, used: Iterable[Namespace]) -> tuple[NodeSetFile, ...]:
    """The files that define the models in use, each after those that it builds on. Others of the folder are left alone.

    Args:
        folder: Where the files are.
        used: Namespaces of the models in use.

    Raises:
        SettingsError: The folder or one of its files cannot be read, or a model is not in it, or twice.
    """
    files = _files(folder)
    ordered: dict[str, NodeSetFile] = {}
    for namespace in used:
        if namespace is not GAS:
            _add(namespace.value, None, files, folder, ordered)
    return tuple(ordered.values())


def _add(
    model: str,
    needed_by: NodeSetFile | None,
    files: Mapping[str, NodeSetFile],
    folder: Path,
    ordered: dict[str, NodeSetFile],
) -> None:
    if model in ordered:
        return
    file = files.get(model)
    if file is None:
        why = "a model in use" if needed_by is None else f"which {needed_by.path.name} needs"
        raise SettingsError([f"nodesets: no file in {folder} defines {model}, {why}; {_HINT}"])
    for required in file.requires:
        _add(required, file, files, folder, ordered)
    ordered[model] = file


def _files(folder: Path) -> dict[str, NodeSetFile]:
    if not folder.is_dir():
        raise SettingsError([f"nodesets: {folder} is no folder; name the one with the NodeSet2 files"])
    found: dict[str, NodeSetFile] = {}
    for path in sorted(folder.glob("*.xml")):
        for file in _models(path):
            other = found.setdefault(file.model, file)
            if other is not file:
                names = f"{other.path.name} and {path.name}"
                raise SettingsError([f"nodesets: {names} both define {file.model}; keep one of them"])
    return found


def _models(path: Path) -> Iterator[NodeSetFile]:
    """What a file says of itself; it stands before the nodes, which are not read."""
    try:
        with path.open("rb") as text:
            for _event, element in ET.iterparse(text):  # noqa: S314  the site's own files, as trusted as its settings
                if element.tag == f"{_NODE_SET}Model":
                    required = (each.get("ModelUri", "") for each in element.iterfind(f"{_NODE_SET}RequiredModel"))
                    others = tuple(uri for uri in required if uri != UA.value)
                    yield NodeSetFile(path, element.get("ModelUri", ""), element.get("Version", ""), others)
                elif element.tag == f"{_NODE_SET}Models":
                    return
    except (OSError, ET.ParseError) as error:
        raise SettingsError([f"nodesets: {path} cannot be read: {error}; is it a NodeSet2 file?"]) from error


def import_nodesets(server: Server, files: Sequence[NodeSetFile]) -> None:
    """Import files in their order; takes seconds, so it belongs into a worker thread.

    The official files do not pass asyncua's strict mode: DI 1.05 has nodes without a parent, PA-DIM 1.02 a reference
    that leads nowhere.

    Args:
        server: Initialised, and not listening yet.
        files: See `plan_import`.

    Raises:
        AdapterError: A file cannot be imported; it is named.
    """
    begin = time.monotonic()
    for file in files:
        try:
            asyncio.run(server.import_xml(str(file.path), strict_mode=False))
        except Exception as error:
            raise AdapterError(
                f"{file.path.name} cannot be imported: {error}",
                where=f"opcua.nodesets {file.path}",
                hint="take the file as it is published, or leave out `nodesets` for the types that the gateway has",
            ) from error
    names = ", ".join(f"{file.path.name} {file.version}" for file in files)
    _LOG.info("imported %s in %.1f s", names, time.monotonic() - begin)
