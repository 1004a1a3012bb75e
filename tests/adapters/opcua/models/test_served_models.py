"""Companion models as clients see them, and the nodes behind them against the official files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.ua.uaerrors import UaStatusCodeError

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.models.namespaces import EDITIONS, METADATA, Namespace
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.model.actions import ActionOrigin, ActionRequest
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_health import DeviceHealth
from gateway.model.meaning import CompanionModel, Meaning, Technology
from gateway.model.nameplate import Nameplate
from gateway.model.points import PointSpec, SiteSpec, ValueKind
from gateway.model.quality import QUALITY, State
from gateway.model.stamp import Stamp
from tests.adapters.opcua.models.model_site import CHANNELS, MODELS, UNIX_US, model_site, sample
from tests.adapters.opcua.models.official import UA_URI, Id, OfficialNodes
from tests.adapters.opcua.recording_desk import YES, ClientKeys, RecordingDesk, call_request, operator

Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]
ALICE = ActionOrigin("opcua", "127.0.0.1", "alice", proved=True)
PADIM, ADI = "ns=2;s=stack/PADIM", "ns=2;s=flue/ADI"
I1 = f"{ADI}/I1"
SAMPLE = f"{I1}/Sample/ParameterSet"
MACHINE = f"{I1}/ChannelStateMachine"
OPERATING = f"{MACHINE}/OperatingSubStateMachine"
EXECUTE = f"{OPERATING}/OperatingExecuteSubStateMachine"
UNCERTAIN, NOT_SUPPORTED = 0x4000_0000, ua.StatusCodes.BadNotSupported


async def _read(client: Client, *nodes: str) -> list[ua.DataValue]:
    return await client.uaclient.read_attributes([ua.NodeId.from_string(node) for node in nodes], ua.AttributeIds.Value)


async def _values(client: Client, *nodes: str) -> list[Any]:
    return [data.Value.Value if data.Value else None for data in await _read(client, *nodes)]


async def _type(client: Client, node: str) -> tuple[str, str]:
    """Namespace URI and BrowseName of the type of a node."""
    definition = client.get_node(await client.get_node(node).read_type_definition())
    name = await definition.read_browse_name()
    return (await client.get_namespace_array())[definition.nodeid.NamespaceIndex], name.Name


async def test_devices_are_in_the_device_set(url: str):
    async with Client(url) as client:
        index = await client.get_namespace_index(Namespace.DI.value)
        device_set = await client.nodes.objects.get_child(f"{index}:DeviceSet")
        assert device_set.nodeid == ua.NodeId(5001, index)
        assert [node.nodeid.to_string() for node in await device_set.get_children()] == [PADIM, ADI]
        assert await _type(client, PADIM) == (Namespace.PADIM.value, "ProcessAnalyserType")
        assert await _type(client, ADI) == (Namespace.GAS.value, "GasAnalyserDeviceType")
        assert (await client.get_node(ADI).read_description()).Text == "The flue"


async def test_every_namespace_tells_its_edition(url: str):
    async with Client(url) as client:
        uris = await client.get_namespace_array()
        assert uris[3:] == [one.value for one in EDITIONS]
        for namespace, edition in EDITIONS.items():
            top = await client.nodes.namespaces.get_child(
                ua.QualifiedName(namespace.value, uris.index(namespace.value))
            )
            nodes = [await top.get_child(f"0:{name}") for name in METADATA]
            uri, version, published, subset, kinds, ranges, pattern = [await node.read_value() for node in nodes]
            assert (uri, version) == (namespace.value, edition.version)
            assert published == edition.published
            assert subset is (namespace is not Namespace.GAS)
            assert (kinds, ranges, pattern) == ([0], ["1:2147483647"], None)


async def test_plain_tree_stays_and_values_are_its_values(adapter: OpcUaAdapter, site: SiteSpec, url: str):
    for analyser in MODELS:
        adapter.apply(sample(site, analyser, {"I1/Value": 20.375, "I2/Value": 12.5, "Status/Tick": 7}))
    async with Client(url) as client:
        plain, padim, tick = await _read(
            client, "ns=2;s=stack/I1/Value", f"{PADIM}/SignalSet/I1/AnalogSignal", "ns=2;s=flue/Status/Tick"
        )
        assert (plain.Value.Value, padim.Value.Value) == (20.375, 20.375)
        assert padim.Value.VariantType == ua.VariantType.Float
        assert padim.SourceTimestamp == plain.SourceTimestamp
        scaled, counter = await _read(client, f"{SAMPLE}/ScaledData", f"{SAMPLE}/AcquisitionCounter")
        assert (scaled.Value, scaled.SourceTimestamp) == (plain.Value, plain.SourceTimestamp)
        assert (counter.Value.Value, counter.Value.VariantType) == (tick.Value.Value, ua.VariantType.UInt32)


async def test_states_reach_the_models(adapter: OpcUaAdapter, site: SiteSpec, url: str):
    nodes = (f"{PADIM}/SignalSet/I1/AnalogSignal", "ns=2;s=stack/I1/Value")
    async with Client(url) as client:
        for state in State:
            adapter.apply(sample(site, "stack", {"I1/Value": 1.5}, {"I1/Value": state}))
            signal, plain = await _read(client, *nodes)
            assert signal.StatusCode == plain.StatusCode == ua.StatusCode(QUALITY[state].status_code)
            assert (signal.Value and signal.Value.Value) == (plain.Value and plain.Value.Value)


async def test_signals_are_typed_by_technology(url: str):
    expected = {
        "I1": "ParamagneticSignalType",
        "I2": "NonDispersiveInfraredSignalType",
        "I3": "AnalyticalSignalType",
        "D1": "AnalyticalSignalType",
        "E1": "AnalogSignalType",
    }
    async with Client(url) as client:
        signals = await client.get_node(f"{PADIM}/SignalSet").get_children()
        names = {(await signal.read_browse_name()).Name: signal for signal in signals}
        assert {name: (await _type(client, node.nodeid.to_string()))[1] for name, node in names.items()} == expected
        for name, node in names.items():
            tag, signal = await _values(client, f"{node.nodeid.to_string()}/SignalTag", f"{node}/EURange")
            assert (tag, signal) == (f"stack/{name}", None)
            kind = "AnalogSignalVariableType" if name == "E1" else "PatMeasurementVariableType"
            variable = client.get_node(f"{node.nodeid.to_string()}/AnalogSignal")
            assert (await _type(client, variable.nodeid.to_string()))[1] == kind
            assert (await variable.read_data_type(), await variable.read_value_rank()) == (
                ua.NodeId(ua.ObjectIds.Float),
                ua.ValueRank.Scalar,
            )


async def test_members_of_instances_have_their_dictionary_entries(url: str):
    signal = f"{PADIM}/SignalSet/I1"
    expected = {
        f"{signal}/AnalogSignal": "0112/2///61987#ABN634#001",
        f"{signal}/AnalogSignal/EngineeringUnits": "0112/2///61987#ABA968#004",
        f"{signal}/SignalTag": "0112/2///61987#ABB271#009",
        f"{PADIM}/DeviceHealth": "0112/2///61987#ABN972#002",
        f"{PADIM}/SerialNumber": "0112/2///61360_7#CBA050#001",
    }
    async with Client(url) as client:
        irdi = await client.get_namespace_index(Namespace.IRDI.value)
        for node, entry in expected.items():
            entries = await client.get_node(node).get_referenced_nodes(ua.ObjectIds.HasDictionaryEntry)
            assert [one.nodeid for one in entries] == [ua.NodeId(entry, irdi)]


async def test_range_and_unit_are_there_and_unknown_ones_are_not_invented(url: str):
    signals = f"{PADIM}/SignalSet"
    async with Client(url) as client:
        bounds, unit = await _values(
            client, f"{signals}/I2/AnalogSignal/EURange", f"{signals}/I2/AnalogSignal/EngineeringUnits"
        )
        assert (bounds.Low, bounds.High, unit.DisplayName.Text) == (0.0, 500.0, "vpm")
        missing, known = await _read(client, f"{signals}/I3/AnalogSignal/EURange", f"{SAMPLE}/ScaledData/EURange")
        assert (missing.Value and missing.Value.Value, missing.StatusCode.value) == (None, NOT_SUPPORTED)
        assert known.Value.Value.High == 25.0
        assert (await _type(client, f"{SAMPLE}/ScaledData"))[1] == "AnalogUnitRangeType"


async def test_nameplate_is_never_invented(url: str):
    async with Client(url) as client:
        for root in (PADIM, ADI):
            maker, model, name = await _values(client, f"{root}/Manufacturer", f"{root}/Model", f"{root}/ComponentName")
            assert (maker.Text, model.Text) == ("Servomex", "4100")
            assert f"ns=2;s={name.Text}/" in root
            for unknown in ("SerialNumber", "SoftwareRevision", "HardwareRevision"):
                (data,) = await _read(client, f"{root}/{unknown}")
                assert (data.Value.Value, data.StatusCode.value) == ("", UNCERTAIN)
            (revision,) = await _read(client, f"{root}/RevisionCounter")
            assert (revision.Value.Value, revision.StatusCode.value) == (-1, UNCERTAIN)


async def test_nameplate_and_tags_of_the_settings_are_shown(settings: OpcUaSettings, serving: Serving):
    channels = {"I1": replace(CHANNELS["I1"], tag="QI4711")}
    plate = Nameplate("SN 1", "AS-7", "04100", "urn:works:7", "B", "2.1", "https://manuals.example")
    expected = {
        "SerialNumber": plate.serial_number,
        "AssetId": plate.asset_id,
        "ProductCode": plate.product_code,
        "ProductInstanceUri": plate.product_instance_uri,
        "HardwareRevision": plate.hardware_revision,
        "SoftwareRevision": plate.software_revision,
        "DeviceManual": plate.manual,
    }
    site = model_site(channels=channels)
    site = replace(site, devices=tuple(replace(device, nameplate=plate) for device in site.devices))
    async with serving(OpcUaAdapter(site, settings)) as url, Client(url) as client:
        for root in (PADIM, ADI):
            data = await _read(client, *(f"{root}/{name}" for name in expected))
            assert [one.Value.Value for one in data] == list(expected.values())
            assert all(one.StatusCode.is_good() for one in data)
        assert await _values(client, f"{PADIM}/SignalSet/I1/SignalTag") == ["QI4711"]


async def test_what_the_instrument_says_counts_before_the_settings(settings: OpcUaSettings, serving: Serving):
    site = model_site()
    stack, *rest = site.devices
    acquired, *others = stack.groups
    serial = PointSpec(("Status", "SerialNumber"), ValueKind.TEXT, "", meaning=Meaning.SERIAL_NUMBER)
    group = replace(acquired, points=(*acquired.points, serial))
    stack = replace(stack, groups=(group, *others), nameplate=Nameplate(serial_number="on paper"))
    site = replace(site, devices=(stack, *rest))
    adapter = OpcUaAdapter(site, settings)
    async with serving(adapter) as url, Client(url) as client:
        adapter.apply(sample(site, "stack", {"Status/SerialNumber": "in the instrument"}))
        assert await _values(client, f"{PADIM}/SerialNumber") == ["in the instrument"]


async def test_health_goes_through_every_category(adapter: OpcUaAdapter, site: SiteSpec, url: str):
    flags = {
        "I1/Maintenance": DeviceHealth.MAINTENANCE_REQUIRED,
        "I1/WarmingUp": DeviceHealth.CHECK_FUNCTION,
        "I2/Fault": DeviceHealth.FAILURE,
    }
    nodes = (f"{PADIM}/DeviceHealth", f"{ADI}/DeviceHealth", f"{ADI}/ParameterSet/DiagnosticStatus")
    async with Client(url) as client:
        waiting = await _read(client, *nodes)
        assert {data.StatusCode.value for data in waiting} == {QUALITY[State.WAITING].status_code}
        set_so_far: dict[str, bool] = {}
        for flag, health in ({"Status/Tick": DeviceHealth.NORMAL} | flags).items():
            set_so_far |= {flag: True} if flag in flags else {}
            for analyser in MODELS:
                adapter.apply(sample(site, analyser, set_so_far))
            data = await _read(client, *nodes)
            assert [(one.Value.Value, one.Value.VariantType) for one in data] == [(health, ua.VariantType.Int32)] * 3
        kind = await client.get_node(nodes[0]).read_data_type()
        assert kind == ua.NodeId(6244, await client.get_namespace_index(Namespace.DI.value))
        definition = (await client.get_node(kind).read_attribute(ua.AttributeIds.DataTypeDefinition)).Value.Value
        assert {field.Name: field.Value for field in definition.Fields} == {one.name: one.value for one in DeviceHealth}


async def test_alarms_of_the_health_are_in_the_device_and_of_its_types(url: str):
    expected = {
        "Failure": "FailureAlarmType",
        "CheckFunction": "CheckFunctionAlarmType",
        "OffSpec": "OffSpecAlarmType",
        "MaintenanceRequired": "MaintenanceRequiredAlarmType",
    }
    async with Client(url) as client:
        for root in (PADIM, ADI):
            alarms = await client.get_node(f"{root}/DeviceHealthAlarms").get_children()
            found = {(await one.read_browse_name()).Name: await _type(client, one.nodeid.to_string()) for one in alarms}
            assert found == {name: (Namespace.DI.value, kind) for name, kind in expected.items()}


async def test_state_machines_follow_the_analyser(adapter: OpcUaAdapter, site: SiteSpec, url: str):
    warm = {f"I{number}/WarmingUp": True for number in (1, 2, 3)}
    cases = [
        ({}, ("Operating", "Operating", "Execute", "AnalyseSample", 16, True, "Sample")),
        (
            {"I1/Calibrating": True},
            ("Operating", "Operating", "Execute", "AnalyseCalibrationSample", 4, True, "Sample"),
        ),
        ({"I1/Fault": True}, ("Operating", "Operating", "Aborted", None, 0, False, "")),
        (warm, ("Powerup", "SlaveMode", None, None, 0, False, "")),
    ]
    machines = (f"{ADI}/AnalyserStateMachine", MACHINE, OPERATING, EXECUTE)
    others = (f"{SAMPLE}/ExecutionCycle", f"{SAMPLE}/IsActive", f"{I1}/ParameterSet/ActiveStream")
    async with Client(url) as client:
        for values, expected in cases:
            adapter.apply(sample(site, "flue", values))
            states = await _read(client, *(f"{machine}/CurrentState" for machine in machines))
            assert tuple(one.Value.Value and one.Value.Value.Text for one in states) == expected[:4]
            assert all(one.StatusCode.is_good() == (one.Value.Value is not None) for one in states)
            ids = await _values(client, *(f"{machine}/CurrentState/Id" for machine in machines))
            names = [node and (await client.get_node(node).read_browse_name()).Name for node in ids]
            assert tuple(names) == expected[:4]
            assert tuple(await _values(client, *others)) == expected[4:]


async def test_times_of_samples(adapter: OpcUaAdapter, site: SiteSpec, url: str):
    nodes = (f"{SAMPLE}/LastSampleTime", f"{SAMPLE}/AcquisitionEndTime")
    async with Client(url) as client:
        adapter.apply(sample(site, "flue"))
        utc = Stamp(0, UNIX_US).utc
        assert await _values(client, *nodes) == [utc, utc]
        adapter.apply(sample(site, "flue", everywhere=State.COMMUNICATION_LOST, unix_us=UNIX_US + 1_000_000))
        for data in await _read(client, *nodes):
            assert (data.Value and data.Value.Value, data.StatusCode.value) == (
                None,
                QUALITY[State.COMMUNICATION_LOST].status_code,
            )


async def test_a_parameter_is_one_node_that_groups_organise(url: str):
    async with Client(url) as client:
        for holder, groups in (
            (f"{I1}/Sample", ("Configuration", "Status", "AcquisitionStatus", "AcquisitionData")),
            (I1, ("Configuration", "Status")),
            (ADI, ("Status",)),
        ):
            parameters = {node.nodeid for node in await client.get_node(f"{holder}/ParameterSet").get_children()}
            nodes = [client.get_node(f"{holder}/{group}") for group in groups]
            organised = [one.nodeid for node in nodes for one in await node.get_children(ua.ObjectIds.Organizes)]
            assert len(organised) == len(set(organised))
            unlisted = {node.to_string().rpartition("/")[2] for node in parameters - set(organised)}
            assert unlisted <= {"ChannelId"}
            assert set(organised) <= parameters
        alarms = await client.get_node(f"{I1}/Alarms").get_children(ua.ObjectIds.Organizes)
        assert [node.nodeid.to_string() for node in alarms] == [
            f"ns=2;s=flue/I1/Alarm{number}" for number in (1, 2, 3, 4)
        ]


async def test_methods_that_no_analyser_has_are_there_but_not_executable(url: str):
    async with Client(url) as client:
        index = await client.get_namespace_index(Namespace.ADI.value)
        for holder, first in ((ADI, 9443), (I1, 9699)):
            methods = await client.get_node(f"{holder}/MethodSet").get_children(nodeclassmask=ua.NodeClass.Method)
            assert ua.NodeId(first, index) in [method.nodeid for method in methods]
            assert len(methods) == (10 if holder == ADI else 12)
            for method in methods:
                values = await method.read_attributes([ua.AttributeIds.Executable, ua.AttributeIds.UserExecutable])
                assert [value.Value.Value for value in values] == [False, False]
            call = ua.CallMethodRequest(ua.NodeId.from_string(f"{holder}/MethodSet"), methods[0].nodeid)
            (result,) = await client.uaclient.call([call])
            assert result.StatusCode.value == ua.StatusCodes.BadNotExecutable


async def test_calibration_groups_in_every_model(adapter: OpcUaAdapter, site: SiteSpec, url: str):
    for analyser in MODELS:
        adapter.apply(sample(site, analyser, {"Group2/Calibrating": True, "Group2/Gas": 2}))
    async with Client(url) as client:
        for root in (PADIM, ADI):
            groups = f"{root}/CalibrationGroups"
            assert len(await client.get_node(groups).get_children(nodeclassmask=ua.NodeClass.Object)) == 4
            values = await _values(client, f"{groups}/2/Calibrating", f"{groups}/2/Gas", f"{groups}/1/Calibrating")
            assert values == [True, 2, False]


async def test_calibrations_start_and_stop_as_the_open_actions(
    site: SiteSpec, guarded: OpcUaSettings, desk: RecordingDesk, keys: ClientKeys, serving: Serving
):
    adapter = OpcUaAdapter(site, guarded)
    adapter.offer(desk)
    groups = f"{ADI}/CalibrationGroups"
    async with serving(adapter) as endpoint, operator(endpoint, keys) as client:
        (asked,) = await client.get_node(f"{groups}/3/Start/InputArguments").read_value()
        assert asked.Name == "Confirm"
        calls = [
            call_request(YES, parent=f"{groups}/3", method=f"{groups}/3/Start"),
            call_request(YES, parent=groups, method=f"{groups}/Stop"),
            call_request(ua.Variant(False, ua.VariantType.Boolean), parent=groups, method=f"{groups}/Stop"),
            call_request(YES, parent=f"{groups}/2", method=f"{groups}/3/Start"),
        ]
        results = await client.uaclient.call(calls)
    codes = ua.StatusCodes
    assert [one.StatusCode.value for one in results] == [0, 0, codes.BadInvalidArgument, codes.BadMethodInvalid]
    assert results[2].InputArgumentResults == [ua.StatusCode(codes.BadInvalidArgument)]
    assert desk.requests == [
        ActionRequest("flue", "StartAutocalibration", (3,), True, ALICE),
        ActionRequest("flue", "StopAutocalibration", (), True, ALICE),
        ActionRequest("flue", "StopAutocalibration", (), False, ALICE),
    ]


async def test_one_technology_makes_a_typed_analyser(settings: OpcUaSettings, serving: Serving):
    channels = {"I1": CHANNELS["I1"], "E1": CHANNELS["E1"], "D1": ChannelSpec("%", technology=Technology.PARAMAGNETIC)}
    site = model_site({"lone": CompanionModel.PADIM}, channels)
    async with serving(OpcUaAdapter(site, settings)) as endpoint, Client(endpoint) as client:
        assert await _type(client, "ns=2;s=lone/PADIM") == (Namespace.PADIM.value, "ParamagneticGasAnalyserType")
        with pytest.raises(ValueError, match="ADI"):
            await client.get_namespace_index(Namespace.ADI.value)


async def test_a_plain_site_has_no_other_namespace(settings: OpcUaSettings, serving: Serving):
    site = model_site({"lone": CompanionModel.PLAIN})
    async with serving(OpcUaAdapter(site, settings)) as endpoint, Client(endpoint) as client:
        assert len(await client.get_namespace_array()) == 3
        with pytest.raises(UaStatusCodeError):
            await client.get_node("ns=2;s=lone/PADIM").read_browse_name()


async def test_every_served_type_is_the_official_one(url: str, official: OfficialNodes):
    """From the wire: classes, names, supertypes, types, data types and modelling rules of all official nodes."""
    async with Client(url) as client:
        uris = await client.get_namespace_array()

        def identity_of(node_id: ua.NodeId) -> Id:
            return uris[node_id.NamespaceIndex], node_id.Identifier

        seen: dict[Id, ua.NodeId] = {}
        waiting = [ua.NodeId(number) for number in (58, 62, 63, 29, 17602, 17594, 11715)]
        while waiting:
            node = client.get_node(waiting.pop())
            for reference in await node.get_references(ua.ObjectIds.HierarchicalReferences, ua.BrowseDirection.Forward):
                target = reference.NodeId
                identity = identity_of(target)
                if identity in seen:
                    continue
                if target.NamespaceIndex:
                    seen[identity] = target
                if reference.NodeClass not in (ua.NodeClass.Object, ua.NodeClass.Method) or target.NamespaceIndex > 2:
                    waiting.append(target)
        compared = 0
        for identity, node_id in seen.items():
            if identity not in official:
                assert identity[0] not in {one.value for one in EDITIONS} - {Namespace.GAS.value}
                continue
            compared += 1
            expected, node = official[identity], client.get_node(node_id)
            names = [ua.AttributeIds.NodeClass, ua.AttributeIds.BrowseName]
            node_class, browse_name = [data.Value.Value for data in await node.read_attributes(names)]
            assert ua.NodeClass(node_class).name == expected.node_class
            assert (uris[browse_name.NamespaceIndex], browse_name.Name) == expected.browse_name
            references = [
                (identity_of(one.ReferenceTypeId), identity_of(one.NodeId))
                for one in await node.get_references(direction=ua.BrowseDirection.Forward)
            ]
            for kind, target in references:
                if target in official:
                    backward = (kind, False, identity) in official[target].references
                    assert backward or (kind, True, target) in expected.references, (expected, kind, target)
            is_metadata = expected.targets(40) == [(UA_URI, ua.ObjectIds.NamespaceMetadataType)]
            for number in (40,) if is_metadata else (40, 37):
                targets = [target for kind, target in references if kind == (UA_URI, number)]
                assert targets == expected.targets(number), expected
            if expected.data_type is not None:
                names = [ua.AttributeIds.DataType, ua.AttributeIds.ValueRank]
                kind, rank = [data.Value.Value for data in await node.read_attributes(names)]
                assert (identity_of(kind), rank) == (expected.data_type, expected.value_rank), expected
        assert compared > 600
