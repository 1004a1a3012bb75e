"""Types of companion models out of the official files instead of our tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.models.namespaces import ADI, DI, GAS, IRDI, PADIM
from gateway.adapters.opcua.models.nodeset_folder import plan_import
from gateway.adapters.opcua.node_ids import point_nodes
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.errors import AdapterError, SettingsError
from gateway.model.meaning import CompanionModel
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from tests.adapters.opcua.models.model_site import MODELS, model_site, sample
from tests.adapters.opcua.models.official import FILES
from tests.serving import serving as serve

Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]
DI_FILE, ADI_FILE = FILES[DI.value], FILES[ADI.value]


@pytest.fixture
def folder(nodeset_folder: Path, tmp_path: Path) -> Path:
    """A folder with the official files of DI and ADI, for harm to be done to it."""
    for file in (DI_FILE, ADI_FILE):
        shutil.copy(nodeset_folder / file, tmp_path)
    return tmp_path


def test_each_file_comes_after_those_it_builds_on(nodeset_folder: Path):
    files = plan_import(nodeset_folder, (ADI, PADIM, GAS))
    assert [file.path.name for file in files] == [FILES[one.value] for one in (DI, ADI, IRDI, PADIM)]
    assert [file.version for file in files] == ["1.05.0", "1.01", "1.02.0", "1.02.0"]
    assert plan_import(nodeset_folder, ()) == ()


def test_a_model_that_is_in_no_file_is_named_with_who_needs_it(folder: Path):
    (folder / DI_FILE).unlink()
    with pytest.raises(SettingsError, match=f"defines {DI.value}, which {ADI_FILE} needs"):
        plan_import(folder, (ADI,))
    with pytest.raises(SettingsError, match=f"defines {PADIM.value}, a model in use"):
        plan_import(folder, (PADIM,))


def test_a_model_in_two_files_is_refused(folder: Path):
    shutil.copy(folder / DI_FILE, folder / "Old.xml")
    with pytest.raises(SettingsError, match=f"Old.xml and {DI_FILE} both define {DI.value}"):
        plan_import(folder, (ADI,))


@pytest.mark.parametrize("text", ["", "<UANodeSet", "no XML at all"])
def test_a_file_that_is_none_is_named(folder: Path, text: str):
    (folder / "Broken.xml").write_text(text)
    with pytest.raises(SettingsError, match=r"Broken\.xml cannot be read"):
        plan_import(folder, (ADI,))


def test_a_folder_that_is_none_is_named(folder: Path, settings: OpcUaSettings):
    missing = replace(settings, nodesets=Path("nowhere")).beside(folder)
    with pytest.raises(SettingsError, match="nowhere is no folder"):
        OpcUaAdapter(model_site(), missing)
    assert settings.beside(folder).nodesets is None


async def test_a_file_that_cannot_be_imported_stops_the_start(folder: Path, settings: OpcUaSettings):
    file = folder / DI_FILE
    file.write_text(file.read_text().replace('NodeId="ns=1;i=1001"', 'NodeId="something else"', 1))
    adapter = OpcUaAdapter(model_site({"flue": CompanionModel.ADI}), replace(settings, nodesets=folder))
    with pytest.RaisesGroup(pytest.RaisesExc(AdapterError, match=f"{DI_FILE} cannot be imported")):
        async with serve(adapter):
            pass


async def test_instances_are_of_the_official_types(nodeset_folder: Path, settings: OpcUaSettings, serving: Serving):
    site = model_site()
    adapter = OpcUaAdapter(site, replace(settings, nodesets=nodeset_folder))
    async with serving(adapter) as url, Client(url) as client:
        for analyser in MODELS:
            adapter.apply(sample(site, analyser, {"I1/Value": 20.375}))
        padim, adi = [await client.get_namespace_index(one.value) for one in (PADIM, ADI)]
        signal = client.get_node("ns=2;s=stack/PADIM/SignalSet/I1/AnalogSignal")
        assert await signal.read_value() == 20.375
        assert await client.get_node("ns=2;s=flue/ADI/I1/Sample/ParameterSet/ScaledData").read_value() == 20.375
        definition = await client.get_node("ns=2;s=stack/PADIM/SignalSet/I1").read_type_definition()
        assert definition == ua.NodeId(1075, padim)
        conditions = client.get_node(definition).get_child(f"{padim}:SignalConditionSet")  # not in our tables
        assert (await conditions).nodeid == ua.NodeId(1304, padim)
        device = await client.get_node("ns=2;s=flue/ADI").read_type_definition()
        (supertype,) = await client.get_node(device).get_referenced_nodes(45, ua.BrowseDirection.Inverse)
        assert supertype.nodeid == ua.NodeId(1001, adi)
        reset = client.get_node(ua.NodeId(9453, adi))
        values = await reset.read_attributes([ua.AttributeIds.Executable, ua.AttributeIds.UserExecutable])
        assert [value.Value.Value for value in values] == [False, False]


def test_the_place_of_a_model_is_not_for_a_channel():
    points = (PointSpec(("PADIM", "Value"), ValueKind.FLOAT, ""),)
    device = DeviceSpec("stack", "", "", "", (PointGroup(0, "stack", points),), (), (), CompanionModel.PADIM)
    with pytest.raises(SettingsError, match="'stack/PADIM' is the place of the companion model"):
        point_nodes(SiteSpec("works", (device,)))
    assert point_nodes(SiteSpec("works", (replace(device, companion_model=CompanionModel.ADI),)))
