"""Whoever listened from the start has the same list of alarms as whoever has just come, whatever has happened."""

from __future__ import annotations

from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.notifier import SERVER
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.testing.virtual_clock import VirtualClock
from tests.adapters.opcua.conditions.conftest import Item, Plant, operator, own_copy, said

FIELDS = (
    ("EventId",),
    ("Severity",),
    ("Message",),
    ("Retain",),
    ("ActiveState", "Id"),
    ("AckedState", "Id"),
    ("ConfirmedState", "Id"),
    ("ShelvingState", "CurrentState"),
    ("Quality",),
    ("Comment",),
)
FLAGS = ("Status/Fault", "I1/Fault", "I2/Fault", "I1/WarmingUp", "I2/Maintenance", "I1/Alarm1", "I2/Alarm1")
METHODS = (
    ObjectIds.ConditionType_Disable,
    ObjectIds.ConditionType_Enable,
    ObjectIds.ConditionType_AddComment,
    ObjectIds.AcknowledgeableConditionType_Acknowledge,
    ObjectIds.AcknowledgeableConditionType_Confirm,
    ObjectIds.ShelvedStateMachineType_OneShotShelve,
    ObjectIds.ShelvedStateMachineType_Unshelve,
)
ANSWERS = METHODS[2:5]

value = st.tuples(st.just("value"), st.sampled_from([1.0, 10.0, 19.8, 21.0, 23.0, 30.0]))
flag = st.tuples(st.just("flag"), st.sampled_from(FLAGS), st.booleans())
loss = st.tuples(
    st.just("loss"), st.sampled_from([State.COMMUNICATION_INTERRUPTED, State.STALE, State.COMMUNICATION_LOST])
)
answer = st.tuples(st.just("answer"), st.sampled_from(METHODS), st.integers(0, 5), st.integers(0, 5))
settle = st.tuples(st.just("settle"), st.integers(0, 5))


class Display:
    """A client's list of alarms, as OPC 10000-9 section 4.5 wants it kept: what is no longer retained goes."""

    def __init__(self) -> None:
        self.alarms: dict[str, dict[tuple[str, ...], Any]] = {}

    def take(self, event: Event) -> None:
        if event.condition is None:
            return
        identifier = str(event.condition.Identifier)
        if said(event, "Retain"):
            self.alarms[identifier] = {path: said(event, *path) for path in FIELDS}
        else:
            self.alarms.pop(identifier, None)


async def _step(plant: Plant, step: tuple[Any, ...]) -> None:
    await plant.clock.sleep(1)
    match step:
        case ("value", number):
            plant.show("stack", {"I1/Value": number, "Status/Communication": "good"})
        case ("flag", path, up):
            plant.show("stack", {path: up, "Status/Communication": "good"})
        case ("loss", state):
            plant.fall("stack", state)
        case ("answer", method, which, age):
            await _answer(plant, which, age, method)
        case ("settle", which):
            await _answer(plant, which, 0, ObjectIds.AcknowledgeableConditionType_Acknowledge)
            await _answer(plant, which, 0, ObjectIds.AcknowledgeableConditionType_Confirm)


async def _answer(plant: Plant, which: int, age: int, method: int) -> None:
    """Call a method of one of the conditions that have been heard of, with one of its newest EventIds."""
    heard: dict[str, list[bytes]] = {}
    for event in plant.events:
        if event.condition is not None:
            heard.setdefault(str(event.condition.Identifier), []).append(said(event, "EventId"))
    if heard:
        condition, ids = list(heard.items())[which % len(heard)]
        event_id = ua.Variant(ids[-1 - age % len(ids)], ua.VariantType.ByteString)
        comment = ua.Variant(ua.LocalizedText("so it is", "en"), ua.VariantType.LocalizedText)
        await plant.call(condition, method, *((event_id, comment) if method in ANSWERS else ()))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(value | flag | loss | answer | settle, max_size=40))
async def test_both_see_the_same(
    steps: list[tuple[Any, ...]], alarm_site: SiteSpec, standard_aspace: AddressSpace
) -> None:
    plant = Plant(alarm_site, own_copy(standard_aspace), VirtualClock())
    listening = Display()
    plant.notifier.add(SERVER, listening.take)
    for step in steps:
        await _step(plant, step)
    item = Item(1, SERVER)
    plant.items = [item]
    refresh = ua.NodeId(ObjectIds.ConditionType_ConditionRefresh)
    request = ua.CallMethodRequest(ua.NodeId(ObjectIds.ConditionType), refresh, [ua.Variant(1, ua.VariantType.UInt32)])
    outcome = await plant.methods.call(request, operator())  # type: ignore[arg-type]
    assert outcome.result.StatusCode.is_good()
    new = Display()
    for event in item.events:
        new.take(event)
    assert new.alarms == listening.alarms
    for identifier, shown in new.alarms.items():
        for path, seen in shown.items():
            data = plant.read("/".join((identifier, *path)))
            read = data.Value.Value
            assert (read.Text if isinstance(read, ua.LocalizedText) else read) == seen, (identifier, path)
    event_ids = [said(event, "EventId") for event in plant.events]
    assert len(set(event_ids)) == len(event_ids)
