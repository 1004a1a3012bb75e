"""Every row of our tables against the official NodeSet2 files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.models.adi_types import ADI_TYPES
from gateway.adapters.opcua.models.di_types import DEVICE_SET, DI_TYPES
from gateway.adapters.opcua.models.irdi_entries import IRDI_ENTRIES
from gateway.adapters.opcua.models.namespaces import EDITIONS, GAS, IRDI, METADATA, Namespace, NodeRef
from gateway.adapters.opcua.models.node_table import Member, Rule, TypeRow
from gateway.adapters.opcua.models.padim_types import PADIM_TYPES
from tests.adapters.opcua.models.official import UA_URI, Id, OfficialNode, OfficialNodes

TYPES = (*DI_TYPES, *PADIM_TYPES, *ADI_TYPES)
HAS_SUBTYPE, HAS_TYPE_DEFINITION, HAS_MODELLING_RULE = 45, 40, 37


def _id(node: NodeRef) -> Id:
    return node.namespace.value, node.identifier


def _members(row: TypeRow | Member) -> Iterator[Member]:
    for member in row.members:
        yield member
        yield from _members(member)


def _owned(row: TypeRow | Member) -> Iterator[tuple[TypeRow | Member, Member]]:
    for member in row.members:
        yield row, member
        yield from _owned(member)


def _supertypes(node: OfficialNode) -> list[Id]:
    return [target for kind, forward, target in node.references if not forward and kind == (UA_URI, HAS_SUBTYPE)]


@pytest.mark.parametrize("row", TYPES, ids=lambda row: row.name.text)
def test_type_is_the_official_one(row: TypeRow, official: OfficialNodes):
    node = official[_id(row.node)]
    assert node.node_class == row.node_class.name
    assert node.browse_name == (row.name.namespace.value, row.name.text)
    assert _supertypes(node) == [_id(row.supertype)]
    assert node.abstract == row.abstract
    if row.data_type is not None:
        assert (node.data_type, node.value_rank) == (_id(row.data_type), row.value_rank)
    for link in row.links:
        assert _id(link.target) in node.targets(int(link.reference.identifier))


@pytest.mark.parametrize("row", TYPES, ids=lambda row: row.name.text)
def test_members_are_the_official_ones(row: TypeRow, official: OfficialNodes):
    for owner, member in _owned(row):
        node = official[_id(member.node)]
        assert node.node_class == member.node_class.name, member
        assert node.browse_name == (member.name.namespace.value, member.name.text), member
        assert (_id(member.reference), node.id) in [
            (kind, child.id) for kind, child in official.children(_id(owner.node))
        ], member
        assert node.targets(HAS_MODELLING_RULE) == ([(UA_URI, int(member.rule))] if member.rule else []), member
        definition = [] if member.definition is None else [_id(member.definition)]
        assert node.targets(HAS_TYPE_DEFINITION) == definition, member
        if member.data_type is not None:
            assert (node.data_type, node.value_rank) == (_id(member.data_type), member.value_rank), member
        for link in member.links:
            assert _id(link.target) in node.targets(int(link.reference.identifier)), member


@pytest.mark.parametrize("row", TYPES, ids=lambda row: row.name.text)
def test_no_mandatory_member_is_missing(row: TypeRow, official: OfficialNodes):
    for holder in (row, *_members(row)):
        ours = {_id(member.node) for member in holder.members}
        for _kind, child in official.children(_id(holder.node)):
            rules = child.targets(HAS_MODELLING_RULE)
            if rules == [(UA_URI, int(Rule.MANDATORY))] or not rules:
                assert child.id in ours or child.browse_name == (UA_URI, "DefaultInstanceBrowseName"), child


def test_values_are_the_official_ones(official: OfficialNodes):
    valued = [member for row in TYPES for member in _members(row) if member.value is not None]
    assert len(valued) > 150
    for member in valued:
        texts = official[_id(member.node)].texts
        value = member.value.Value
        match member.name.text:
            case "StateNumber" | "TransitionNumber":
                assert texts == [str(value)], member
            case "EnumStrings":
                assert texts == [text.Text for text in value], member
            case "EnumValues":
                pairs = [(each.DisplayName.Text, str(each.Value)) for each in value]
                numbers = [number for number in texts if number.isdecimal()]
                assert [(text, number) for text, number in pairs if text in texts and number in numbers] == pairs
                assert numbers == [number for _text, number in pairs]
            case _:
                arguments = [(each.Name, f"i={each.DataType.Identifier}", str(each.ValueRank)) for each in value]
                assert texts == [text for each in arguments for text in ("i=297", *each)], member


def test_supertypes_come_first():
    known: set[NodeRef] = set()
    ours = {row.node for row in TYPES}
    for row in TYPES:
        assert row.supertype in known or row.supertype not in ours
        known.add(row.node)


def test_editions_and_their_metadata(official: OfficialNodes):
    for namespace, edition in EDITIONS.items():
        if namespace is GAS:
            continue
        top, *properties = (official[namespace.value, identifier] for identifier in edition.metadata)
        assert top.targets(HAS_TYPE_DEFINITION) == [(UA_URI, ObjectIds.NamespaceMetadataType)]
        assert [node.browse_name for node in properties] == [(UA_URI, name) for name in METADATA]
        uri, version, published = (node.texts for node in properties[:3])
        assert (uri, version) == ([namespace.value], [edition.version])
        assert [datetime.fromisoformat(text) for text in published] == [edition.published]


def test_dictionary_entries(official: OfficialNodes):
    referred = {
        link.target.identifier
        for row in TYPES
        for each in (row, *_members(row))
        for link in each.links
        if link.target.namespace is IRDI
    }
    assert referred == set(IRDI_ENTRIES)
    for irdi, name in IRDI_ENTRIES.items():
        assert official[IRDI.value, irdi].display_name == name


def test_device_set(official: OfficialNodes):
    assert official[_id(DEVICE_SET)].browse_name == (Namespace.DI.value, "DeviceSet")


def test_lock_file_is_exact_and_free_of_addresses(nodeset_folder: Path):
    package = nodeset_folder.parents[2]
    assert json.loads((package / "package.json").read_text())["dependencies"] == {"node-opcua-nodesets": "2.182.0"}
    lock = (package / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert all("integrity" in entry for path, entry in json.loads(lock)["packages"].items() if path)
