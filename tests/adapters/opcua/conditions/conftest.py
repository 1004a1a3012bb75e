"""A site with every kind of alarm, and the engine that watches it, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.address_space.site_tree import add_site
from gateway.adapters.opcua.address_space.standard_nodes import add_standard_nodes
from gateway.adapters.opcua.conditions.engine import ConditionEngine
from gateway.adapters.opcua.events.event import Event, field_path
from gateway.adapters.opcua.events.notifier import SERVER, EventNotifier
from gateway.adapters.opcua.security.audit import AuditEvent
from gateway.adapters.opcua.security.identity import ClientIdentity
from gateway.adapters.opcua.services.method_table import CallOutcome, MethodTable
from gateway.drivers.servomex4100.driver import DRIVER
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.model.channel_spec import ChannelSpec
from gateway.model.points import AlarmLimits, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.readings import ProtocolKind
from gateway.model.role import Role
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.testing.virtual_clock import VirtualClock

LIMITS = AlarmLimits(low=5.0, high=20.0, high_high=22.0, hysteresis=0.5)
CHANNELS = {"I1": ChannelSpec("%", (0.0, 25.0), 2, "Oxygen", LIMITS), "I2": ChannelSpec("vpm")}
_FRESH: Mapping[ValueKind, Value] = {
    ValueKind.FLOAT: 10.0,
    ValueKind.INTEGER: 1,
    ValueKind.BOOLEAN: False,
    ValueKind.TEXT: "",
}


@pytest.fixture(scope="session")
def alarm_site() -> SiteSpec:
    """Two analysers alike, `stack` and `duct`."""
    description = DRIVER.describe(Servomex4100Settings(CHANNELS), ProtocolKind.MODBUS_RTU)
    return build_site("works 7", [(name, name, replace(description)) for name in ("stack", "duct")])


@dataclass
class Session:
    """What methods want to know of a caller."""

    identity: ClientIdentity | None
    session_id: ua.NodeId = field(default_factory=lambda: ua.NodeId(7))
    host: str = "127.0.0.1"


def operator(user: str = "alice") -> Session:
    return Session(ClientIdentity(user, Role.OPERATOR))


@dataclass
class Item:
    """An item on events, without a subscription."""

    item_id: int
    notifier: ua.NodeId
    events: list[Event] = field(default_factory=list)

    def deliver(self, event: Event) -> None:
        self.events.append(event)


class Plant:
    """One site under an engine; virtual time, and everything that happens is kept.

    Attributes:
        events: Every event, as the Server object reports them.
        items: Items on events of subscription 1.
        audited: What operators did and were refused.
    """

    def __init__(self, site: SiteSpec, aspace: AddressSpace, clock: VirtualClock) -> None:
        self.clock = clock
        self.aspace = aspace
        add_site(site, (), self.aspace)
        self.notifier = EventNotifier(self.aspace)
        self.methods = MethodTable(self.aspace)
        self.items: list[Item] = []
        self.audited: list[AuditEvent] = []
        self.engine = ConditionEngine(
            site, self.aspace, self.notifier, self.methods, self._items, self.audited.append, clock
        )
        self.engine.install()
        self.events: list[Event] = []
        self.notifier.add(SERVER, self.events.append)
        self._groups = {device.name: device.groups[0] for device in site.devices}
        self._values = {name: [_FRESH[point.kind] for point in group.points] for name, group in self._groups.items()}
        self._states = {name: [State.GOOD] * len(values) for name, values in self._values.items()}
        for name in self._groups:
            self.show(name)

    def _items(self, subscription_id: int, _session: Any) -> list[Item]:
        if subscription_id != 1:
            raise ServiceError(StatusCodes.BadSubscriptionIdInvalid)
        return self.items

    def place(self, device: str, path: str) -> int:
        return [point.browse_path for point in self._groups[device].points].index(path)

    def show(self, device: str, points: Mapping[str, Value] | None = None, **states: State) -> Stamp:
        """One tick: values by path, and states by path with `_` for `/`."""
        values, known, group = self._values[device], self._states[device], self._groups[device]
        changed = {index for index, point in enumerate(group.points) if point.cyclic}
        for path, value in (points or {}).items():
            values[self.place(device, path)] = value
            changed.add(self.place(device, path))
        for path, state in states.items():
            known[self.place(device, path.replace("_", "/"))] = state
            changed.add(self.place(device, path.replace("_", "/")))
        stamp = self.clock.stamp()
        self.engine.apply(Update(group.index, stamp, tuple(values), list(known), sorted(changed)))
        return stamp

    def fall(self, device: str, state: State) -> None:
        """Everything of an analyser falls to one state, as it does when the wire is lost."""
        group = self._groups[device]
        values = list(self._values[device])
        values[self.place(device, "Status/Communication")] = state.value
        states = [state] * len(values)
        states[self.place(device, "Status/Communication")] = State.GOOD
        self.engine.apply(Update(group.index, self.clock.stamp(), values, states, range(len(values))))

    async def call(
        self, condition: str, method: int, *arguments: ua.Variant, session: Session | None = None
    ) -> CallOutcome:
        """Call a method of a condition, or of an object below it."""
        request = ua.CallMethodRequest(ua.NodeId(condition, 2), ua.NodeId(method), list(arguments))
        return await self.methods.call(request, session or operator())  # type: ignore[arg-type]

    def read(self, identifier: str) -> ua.DataValue:
        return self.aspace.read_attribute_value(ua.NodeId(identifier, 2), ua.AttributeIds.Value)


def said(event: Event, *path: str) -> Any:
    """A field of an event; the text of one that is a text."""
    value = event.fields[field_path(*path)].Value
    return value.Text if isinstance(value, ua.LocalizedText) else value


@pytest.fixture(scope="session")
def standard_aspace() -> AddressSpace:
    """The nodes of OPC UA itself; not to be changed."""
    aspace = AddressSpace()
    add_standard_nodes(aspace)
    return aspace


def own_copy(standard_aspace: AddressSpace) -> AddressSpace:
    """The same, to be changed."""
    own = AddressSpace()
    for node_id in standard_aspace.keys():  # noqa: SIM118  no mapping
        node = copy(standard_aspace[node_id])
        node.references = list(node.references)
        own[node_id] = node
    return own


@pytest.fixture
def plant(alarm_site: SiteSpec, standard_aspace: AddressSpace) -> Plant:
    """All is well, and nothing has happened."""
    plant = Plant(alarm_site, own_copy(standard_aspace), VirtualClock())
    assert plant.events == []
    return plant
