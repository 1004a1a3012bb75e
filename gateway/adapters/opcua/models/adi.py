"""An analyser as an analyser device of ADI: its channels, each with the one stream that is measured in it."""

from __future__ import annotations

from collections.abc import Iterator

from asyncua import ua

from gateway.adapters.opcua.address_space.property_values import range_value
from gateway.adapters.opcua.address_space.site_tree import properties, type_definition
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.models.activity import (
    ActiveStream,
    ChannelFlags,
    CurrentState,
    CurrentStateId,
    DeviceState,
    ExecutionCycle,
    IsActive,
)
from gateway.adapters.opcua.models.adi_state_machines import (
    CHANNEL_MACHINE,
    DEVICE_MACHINE,
    EXECUTE_MACHINE,
    OPERATING_MACHINE,
)
from gateway.adapters.opcua.models.adi_types import ANALYSER_CHANNEL, STREAM
from gateway.adapters.opcua.models.calibration_groups import ModelMethod, add_calibration_groups
from gateway.adapters.opcua.models.derived_values import AcquisitionResult, HasSample, InService
from gateway.adapters.opcua.models.di_types import FUNCTIONAL_GROUP
from gateway.adapters.opcua.models.gas_types import GAS_ANALYSER_DEVICE
from gateway.adapters.opcua.models.health import analyser_health, channel_health
from gateway.adapters.opcua.models.instances import Content, Instances
from gateway.adapters.opcua.models.nameplate import nameplate, text
from gateway.adapters.opcua.models.namespaces import GAS, SITE, UA, standard
from gateway.adapters.opcua.models.node_table import ORGANIZES, BrowseName
from gateway.adapters.opcua.models.node_writer import NodeWriter
from gateway.adapters.opcua.models.point_places import PointPlaces
from gateway.adapters.opcua.models.standard_types import DOUBLE
from gateway.adapters.opcua.models.state_machine_table import StateMachine
from gateway.adapters.opcua.node_ids import HEALTH_ALARMS_FOLDER
from gateway.adapters.opcua.notifications.point_views import Derive, DerivedView, PointView
from gateway.model.meaning import DeviceChannel, Meaning
from gateway.model.points import DeviceSpec
from gateway.model.readings import ChannelKind

STREAM_NAME = "Sample"
"""The only stream of a channel: what is measured in it, be it sample gas or calibration gas."""

ALARMS = "Alarms"
_ALARMS = (Meaning.ALARM_1, Meaning.ALARM_2, Meaning.ALARM_3, Meaning.ALARM_4)
_BAD, _UNCERTAIN = 0x8000_0000, 0x4000_0000
_COUNTER_RANGE = range_value(0, 2**32 - 1)
_NO_SUBCODE = Content(value=ua.Variant(0, ua.VariantType.UInt32))
_SUBCODES = Content(value=ua.Variant([ua.LocalizedText("none")], ua.VariantType.LocalizedText, is_array=True))


class AnalyserDevices:
    """Adds the analysers of one server.

    Args:
        writer: Takes the nodes.
        make: Makes instances.
    """

    def __init__(self, writer: NodeWriter, make: Instances) -> None:
        self._writer = writer
        self._make = make
        self._states = {
            machine.name: tuple((name, writer.node(machine.state(name))) for name, _number in machine.states)
            for machine in (DEVICE_MACHINE, CHANNEL_MACHINE, OPERATING_MACHINE, EXECUTE_MACHINE)
        }

    def add(self, device: DeviceSpec, root: str, parent: ua.NodeId) -> tuple[ModelMethod, ...]:
        """Add one analyser.

        Args:
            device: The analyser.
            root: String part of the NodeId of its object.
            parent: What it is a component of.

        Returns:
            Methods to be added and offered.
        """
        places = PointPlaces(device)
        warming_up = tuple(_warming_up(device, places))
        health = Content(analyser_health(device, places))
        state = DeviceState(places.witness, warming_up)
        contents = {
            **nameplate(device, places),
            "DeviceHealth": health,
            HEALTH_ALARMS_FOLDER: Content(),
            "ParameterSet/DiagnosticStatus": health,
            **self._machine("AnalyserStateMachine", state, DEVICE_MACHINE, places),
        }
        name = BrowseName(SITE, device.name)
        node_id = self._make.create(root, parent, name, GAS_ANALYSER_DEVICE, contents, description=device.description)
        for channel in device.channels:
            self._add_channel(device, channel, f"{root}/{channel.name}", node_id, places, warming_up)
        return add_calibration_groups(device, root, node_id, places, self._make)

    def _machine(
        self, path: str, current: CurrentState | DeviceState, machine: StateMachine, places: PointPlaces
    ) -> dict[str, Content]:
        number = CurrentStateId(current, self._states[machine.name])
        return {
            f"{path}/CurrentState": Content(DerivedView(places.group, current, ua.VariantType.LocalizedText)),
            f"{path}/CurrentState/Id": Content(DerivedView(places.group, number, ua.VariantType.NodeId)),
        }

    def _add_channel(
        self,
        device: DeviceSpec,
        channel: DeviceChannel,
        root: str,
        parent: ua.NodeId,
        places: PointPlaces,
        warming_up: tuple[int, ...],
    ) -> None:
        flags = _channel_flags(channel, places, warming_up)
        if flags is None:
            return
        stream = ActiveStream(flags, STREAM_NAME)
        operating = "ChannelStateMachine/OperatingSubStateMachine"
        contents = {
            "ParameterSet/ChannelId": text(channel.name),
            "ParameterSet/IsEnabled": _derived(places, InService(flags.value), ua.VariantType.Boolean),
            "ParameterSet/DiagnosticStatus": Content(channel_health(channel.name, places)),
            "ParameterSet/ActiveStream": _derived(places, stream, ua.VariantType.String),
            **self._machine("ChannelStateMachine", CurrentState(flags, "channel"), CHANNEL_MACHINE, places),
            **self._machine(operating, CurrentState(flags, "operating"), OPERATING_MACHINE, places),
            **self._machine(
                f"{operating}/OperatingExecuteSubStateMachine",
                CurrentState(flags, "execute"),
                EXECUTE_MACHINE,
                places,
            ),
        }
        name = BrowseName(SITE, channel.name)
        node_id = self._make.create(root, parent, name, ANALYSER_CHANNEL, contents, description=channel.description)
        self._add_stream(device, channel, f"{root}/{STREAM_NAME}", node_id, places, flags)
        self._add_alarms(device, channel, root, node_id, places)

    def _add_stream(
        self,
        device: DeviceSpec,
        channel: DeviceChannel,
        root: str,
        parent: ua.NodeId,
        places: PointPlaces,
        flags: ChannelFlags,
    ) -> None:
        point = places.point(flags.value)
        when = Content(DerivedView(places.group, HasSample(flags.witness), ua.VariantType.DateTime, dated=True))
        result = AcquisitionResult(
            flags.value,
            flags.witness,
            frozenset(state for state, quality in device.quality.items() if quality.status_code >= _BAD),
            frozenset(state for state, quality in device.quality.items() if _BAD > quality.status_code >= _UNCERTAIN),
        )
        parameters = {
            "IsEnabled": _derived(places, InService(flags.value), ua.VariantType.Boolean),
            "DiagnosticStatus": Content(channel_health(channel.name, places)),
            "LastSampleTime": when,
            "IsActive": _derived(places, IsActive(flags), ua.VariantType.Boolean),
            "ExecutionCycle": _derived(places, ExecutionCycle(flags), ua.VariantType.Int32),
            "ExecutionCycleSubcode": _NO_SUBCODE,
            "ExecutionCycleSubcode/EnumStrings": _SUBCODES,
            "AcquisitionCounter/EURange": Content(value=_COUNTER_RANGE),
            "AcquisitionResultStatus": _derived(places, result, ua.VariantType.Int32),
            "ScaledData": Content(
                PointView(places.group, flags.value, ua.VariantType.Double),
                definition=standard(type_definition(point)),
                data_type=DOUBLE,
            ),
            "AcquisitionEndTime": when,
        }
        tick = places.of_analyser(Meaning.TICK)
        if tick is not None:
            parameters["AcquisitionCounter"] = Content(PointView(places.group, tick, ua.VariantType.UInt32))
        contents = {f"ParameterSet/{name}": content for name, content in parameters.items()}
        self._make.create(root, parent, BrowseName(SITE, STREAM_NAME), STREAM, contents)
        scaled = f"{root}/ParameterSet/ScaledData"
        for name, data_type, value in properties(point):
            self._writer.prop(
                site_node(f"{scaled}/{name}"), site_node(scaled), BrowseName(UA, name), standard(data_type), value
            )

    def _add_alarms(
        self, device: DeviceSpec, channel: DeviceChannel, root: str, parent: ua.NodeId, places: PointPlaces
    ) -> None:
        """A functional group of the alarms, which are nodes of the plain tree already."""
        found = [place for meaning in _ALARMS if (place := places.find(channel.name, meaning)) is not None]
        if not found:
            return
        group = self._make.create(f"{root}/{ALARMS}", parent, BrowseName(GAS, ALARMS), FUNCTIONAL_GROUP, {})
        for place in found:
            alarm = site_node("/".join((device.name, *places.point(place).path)))
            self._writer.link(group, ORGANIZES, alarm)


def _derived(places: PointPlaces, derive: Derive, variant_type: ua.VariantType) -> Content:
    return Content(DerivedView(places.group, derive, variant_type))


def _warming_up(device: DeviceSpec, places: PointPlaces) -> Iterator[int]:
    for channel in device.channels:
        place = places.find(channel.name, Meaning.WARMING_UP)
        if place is not None and channel.role.kind is ChannelKind.MEASURED:
            yield place


def _channel_flags(channel: DeviceChannel, places: PointPlaces, warming_up: tuple[int, ...]) -> ChannelFlags | None:
    value = places.find(channel.name, Meaning.VALUE)
    if value is None:
        return None
    faults = (places.find(channel.name, Meaning.FAULT), places.find(channel.name, Meaning.INVALID_INPUT))
    return ChannelFlags(
        places.witness,
        value,
        tuple(place for place in (*faults, places.witness) if place is not None),
        places.find(channel.name, Meaning.CALIBRATING),
        places.find(channel.name, Meaning.WARMING_UP),
        warming_up,
    )
