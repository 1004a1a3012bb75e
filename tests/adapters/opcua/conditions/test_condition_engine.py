"""From ticks to events and back, without a network."""

from __future__ import annotations

from time import perf_counter

import anyio
import pytest
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.event_filter import EventFilter
from gateway.adapters.opcua.events.notifier import SERVER
from gateway.adapters.opcua.security.identity import ANONYMOUS
from gateway.model.quality import State
from tests.adapters.opcua.conditions.conftest import Item, Plant, Session, said

I = ObjectIds  # noqa: E741
ACKNOWLEDGE, CONFIRM = I.AcknowledgeableConditionType_Acknowledge, I.AcknowledgeableConditionType_Confirm
SHELVE, UNSHELVE = I.ShelvedStateMachineType_TimedShelve, I.ShelvedStateMachineType_Unshelve
REFRESH, REFRESH_2 = I.ConditionType_ConditionRefresh, I.ConditionType_ConditionRefresh2
FAILURE, LIMITS = "stack/Alarms/Failure", "stack/Alarms/I1 Limits"
HOUR_MS = ua.Variant(3_600_000.0, ua.VariantType.Double)


def note(text: str = "seen") -> ua.Variant:
    return ua.Variant(ua.LocalizedText(text, "en"), ua.VariantType.LocalizedText)


def number(value: int) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.UInt32)


def messages(plant: Plant) -> list[str]:
    return [said(event, "Message") for event in plant.events]


def status(outcome: object) -> int:
    code: int = outcome.result.StatusCode.value  # type: ignore[attr-defined]
    return code


@pytest.mark.parametrize(
    ("points", "states", "name", "severity", "message"),
    [
        ({"Status/Fault": True}, {}, "Failure", 800, "stack: failure"),
        ({"I2/Fault": True, "I1/Invalid": True}, {}, "Failure", 800, "stack: failure (I1, I2)"),
        ({}, {"I2_Value": State.NO_VALUE}, "Failure", 800, "stack: failure (I2)"),
        ({"I1/Calibrating": True}, {}, "CheckFunction", 300, "stack: function check (I1)"),
        ({"I2/WarmingUp": True}, {}, "CheckFunction", 300, "stack: function check (I2)"),
        ({}, {"I2_Value": State.CLAMPED_HIGH}, "OffSpec", 500, "stack: out of specification (I2)"),
        ({"Status/Maintenance": True}, {}, "MaintenanceRequired", 200, "stack: maintenance required"),
        ({"I2/Alarm3": True}, {}, "Alarm3", 600, "stack I2: alarm 3"),
        ({"I1/Value": 20.0}, {}, "Limits", 550, "stack I1: 20.00 % is above the high limit, 20 %"),
        ({"I1/Value": 4.0}, {}, "Limits", 550, "stack I1: 4.00 % is below the low limit, 5 %"),
        ({"I1/Value": 22.5}, {}, "Limits", 850, "stack I1: 22.50 % is above the high-high limit, 22 %"),
    ],
)
def test_an_alarm_comes_and_goes(
    plant: Plant, points: dict[str, object], states: dict[str, State], name: str, severity: int, message: str
) -> None:
    before = {path: plant._values["stack"][plant.place("stack", path)] for path in points}
    at = plant.show("stack", points, **states)  # type: ignore[arg-type]
    up = next(event for event in plant.events if event.condition is not None)
    assert (said(up, "ConditionName"), said(up, "Severity"), said(up, "Message")) == (name, severity, message)
    assert (said(up, "ActiveState", "Id"), said(up, "AckedState", "Id"), said(up, "Retain")) == (True, False, True)
    assert said(up, "Time") == at.utc
    plant.events.clear()
    plant.show("stack", before, **dict.fromkeys(states, State.GOOD))
    down = next(event for event in plant.events if event.condition is not None)
    assert down.condition == up.condition
    assert (said(down, "ActiveState", "Id"), said(down, "AckedState", "Id"), said(down, "Retain")) == (
        False,
        False,
        True,
    )
    assert said(down, "EventId") != said(up, "EventId")


def test_nothing_is_said_twice(plant: Plant) -> None:
    plant.show("stack", {"I1/Fault": True, "I1/Value": 21.0})
    count = len(plant.events)
    for value in (21.0, 20.5, 20.9):
        plant.show("stack", {"I1/Fault": True, "I1/Value": value})
    assert len(plant.events) == count


def test_limits_escalate_and_hold_through_the_hysteresis(plant: Plant) -> None:
    for value in (20.1, 22.0, 21.6, 21.4, 19.6, 19.4):
        plant.show("stack", {"I1/Value": value})
    assert [(said(one, "Severity"), said(one, "LimitState", "CurrentState")) for one in plant.events] == [
        (550, "High"),
        (850, "HighHigh"),
        (550, "High"),
        (550, None),
    ]
    assert said(plant.events[1], "LastSeverity") == 550
    assert said(plant.events[1], "ActiveState", "EffectiveDisplayName") == "Active | HighHigh"


def test_calibration_gas_is_judged_by_no_limit(plant: Plant) -> None:
    plant.show("stack", {"I1/Value": 0.1, "I1/Calibrating": True}, I1_Value=State.CALIBRATING)
    plant.show("stack", {"I1/Value": 10.0, "I1/Calibrating": False}, I1_Value=State.GOOD)
    assert {said(event, "ConditionName") for event in plant.events if event.condition} == {"CheckFunction"}


def test_a_channel_out_of_service_has_no_alarms(plant: Plant) -> None:
    plant.show("stack", {"I2/Fault": True, "I2/Alarm1": True}, I2_Value=State.OUT_OF_SERVICE)
    assert plant.events == []


def test_a_lost_wire_is_one_alarm_and_ends_no_other(plant: Plant) -> None:
    plant.show("stack", {"I1/Fault": True})
    plant.events.clear()
    plant.fall("stack", State.COMMUNICATION_INTERRUPTED)
    assert [said(one, "ConditionName") for one in plant.events] == ["Failure"]
    plant.fall("stack", State.COMMUNICATION_LOST)
    lost, failure = plant.events[1:]
    assert messages(plant)[1] == "stack: no communication"
    assert lost.event_type == ua.NodeId(I.SystemOffNormalAlarmType)
    assert said(failure, "ActiveState", "Id") is True
    assert said(failure, "Quality").value == StatusCodes.BadNoCommunication
    plant.show("stack", {"Status/Communication": "good"})
    assert "stack: communication is back" in messages(plant)


def test_events_climb_to_their_analyser_and_no_further_down(plant: Plant) -> None:
    heard: dict[str, list[str]] = {"stack": [], "duct": []}
    folder: list[object] = []
    for device, sink in heard.items():
        plant.notifier.add(ua.NodeId(device, 2), lambda event, sink=sink: sink.append(said(event, "SourceName")))
    remove = plant.notifier.add(ua.NodeId(1, 2), folder.append)
    plant.show("stack", {"I1/Alarm1": True})
    plant.show("duct", {"Status/Fault": True})
    assert heard == {"stack": ["stack/I1"], "duct": ["duct", "duct"]}  # the failure, and the change of health
    assert len(folder) == 3
    remove()
    remove()
    plant.show("stack", {"I1/Alarm1": False})
    assert len(folder) == 3
    for node in (SERVER, ua.NodeId(1, 2), ua.NodeId("stack", 2)):
        assert plant.aspace.read_attribute_value(node, AttributeIds.EventNotifier).Value.Value == 1


def test_calibrations_and_health_are_told_as_transitions(plant: Plant) -> None:
    plant.show("stack", {"Group1/Calibrating": True, "Group1/Gas": 2})
    plant.show("stack", {"Group1/Gas": 1})
    plant.show("stack", {"Group1/Calibrating": False})
    told = [event for event in plant.events if event.condition is None]
    assert [(said(one, "FromState"), said(one, "ToState"), said(one, "Transition")) for one in told] == [
        ("Sample gas", "Calibration gas 2", "CalibrationStarted"),
        ("Normal", "Check function", "HealthChanged"),
        ("Calibration gas 2", "Calibration gas 1", "CalibrationGasChanged"),
        ("Calibration gas 1", "Sample gas", "CalibrationEnded"),
        ("Check function", "Normal", "HealthChanged"),
    ]
    assert said(told[0], "SourceName") == "stack/Group1"
    assert messages(plant)[-1] == "stack: normal, was check function (NE 107)"


def test_clients_find_transitions_by_their_type(plant: Plant) -> None:
    calibrations = ua.NodeId(2, 2)
    path = [ua.QualifiedName(name, 0) for name in ("ToState", "Id")]
    clause = ua.SimpleAttributeOperand(calibrations, path, AttributeIds.Value)
    of_type = ua.ContentFilterElement(ua.FilterOperator.OfType, [ua.LiteralOperand(ua.Variant(calibrations))])
    wanted, _result = EventFilter.parse(plant.aspace, ua.EventFilter([clause], ua.ContentFilter([of_type])))
    plant.show("stack", {"Group1/Calibrating": True, "Group1/Gas": 2})
    selected = [fields for event in plant.events if (fields := wanted.select(event)) is not None]
    assert [[one.Value for one in fields] for fields in selected] == [["Calibration gas 2"]]


async def test_an_operator_acknowledges_and_confirms(plant: Plant) -> None:
    plant.show("stack", {"Status/Fault": True})
    event_id = ua.Variant(said(plant.events[0], "EventId"), ua.VariantType.ByteString)
    unknown = ua.Variant(b"guessed", ua.VariantType.ByteString)
    assert status(await plant.call(FAILURE, ACKNOWLEDGE, unknown, note())) == StatusCodes.BadEventIdUnknown
    nobody = await plant.call(FAILURE, ACKNOWLEDGE, event_id, note(), session=Session(ANONYMOUS))
    assert status(nobody) == StatusCodes.BadUserAccessDenied
    elsewhere = await plant.call("stack/Alarms/CheckFunction", ACKNOWLEDGE, event_id, note())
    assert status(elsewhere) == StatusCodes.BadEventIdUnknown
    assert status(await plant.call(FAILURE, ACKNOWLEDGE, event_id, note())) == StatusCodes.Good
    event = plant.events[-1]
    assert (said(event, "AckedState", "Id"), said(event, "ConfirmedState", "Id")) == (True, False)
    assert (said(event, "Comment"), said(event, "ClientUserId")) == ("seen", "alice")
    assert said(event, "Message") == "acknowledged by alice: stack: failure"
    again = await plant.call(FAILURE, ACKNOWLEDGE, event_id, note("again"))
    assert status(again) == StatusCodes.BadConditionBranchAlreadyAcked
    assert [(one.event_type, one.status, one.user) for one in plant.audited] == [
        (I.AuditConditionAcknowledgeEventType, code, "alice")
        for code in (
            StatusCodes.BadEventIdUnknown,
            StatusCodes.BadEventIdUnknown,
            StatusCodes.Good,
            StatusCodes.BadConditionBranchAlreadyAcked,
        )
    ]
    assert plant.audited[2].fields["ConditionEventId"] == event_id
    assert plant.audited[2].message == "stack/Alarms/Failure acknowledged"
    newest = ua.Variant(said(event, "EventId"), ua.VariantType.ByteString)
    assert status(await plant.call(FAILURE, CONFIRM, newest, note("done"))) == StatusCodes.Good
    assert said(plant.events[-1], "EnabledState", "EffectiveDisplayName") == "Active"
    long = await plant.call(FAILURE, I.ConditionType_AddComment, newest, note("x" * 2000))
    assert [one.value for one in long.result.InputArgumentResults] == [StatusCodes.Good, StatusCodes.BadOutOfRange]


async def test_a_disabled_alarm_says_nothing_and_shows_nothing(plant: Plant) -> None:
    assert status(await plant.call(FAILURE, I.ConditionType_Enable)) == StatusCodes.BadConditionAlreadyEnabled
    assert status(await plant.call(FAILURE, I.ConditionType_Disable)) == StatusCodes.Good
    disabled = plant.events[-1]
    assert said(disabled, "EnabledState", "Id") is False
    assert said(disabled, "ActiveState", "Id") == ua.StatusCode(StatusCodes.BadConditionDisabled)
    assert status(await plant.call(FAILURE, I.ConditionType_Disable)) == StatusCodes.BadConditionAlreadyDisabled
    assert status(await plant.call(FAILURE, SHELVE, HOUR_MS)) == StatusCodes.BadConditionDisabled
    assert plant.read(f"{FAILURE}/ActiveState/Id").StatusCode.value == StatusCodes.BadConditionDisabled
    count = len(plant.events)
    plant.show("stack", {"Status/Fault": True})
    assert [one.condition for one in plant.events[count:]] == [None]  # the health has changed all the same
    await plant.call(FAILURE, I.ConditionType_Enable)
    assert (said(plant.events[-1], "ActiveState", "Id"), said(plant.events[-1], "AckedState", "Id")) == (True, False)


async def test_the_shelf_empties_itself(plant: Plant) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(plant.engine.serve)
        await plant.clock.sleep(1)
        day = ua.Variant(86_400_001.0, ua.VariantType.Double)
        assert status(await plant.call(FAILURE, SHELVE, day)) == StatusCodes.BadShelvingTimeOutOfRange
        assert status(await plant.call(f"{FAILURE}/ShelvingState", SHELVE, HOUR_MS)) == StatusCodes.Good
        assert status(await plant.call(LIMITS, SHELVE, HOUR_MS)) == StatusCodes.Good
        assert status(await plant.call(LIMITS, UNSHELVE)) == StatusCodes.Good
        assert status(await plant.call(LIMITS, UNSHELVE)) == StatusCodes.BadConditionNotShelved
        assert status(await plant.call(FAILURE, SHELVE, HOUR_MS)) == StatusCodes.BadConditionAlreadyShelved
        await plant.clock.sleep(1800)
        assert plant.read(f"{FAILURE}/ShelvingState/UnshelveTime").Value.Value == 1_800_000.0
        assert plant.read(f"{FAILURE}/SuppressedOrShelved").Value.Value is True
        before = len(plant.events)
        await plant.clock.sleep(1801)
        (event,) = plant.events[before:]
        assert said(event, "ShelvingState", "LastTransition") == "TimedShelvedToUnshelved"
        assert (said(event, "SuppressedOrShelved"), said(event, "ShelvingState", "UnshelveTime")) == (False, 0.0)
        tasks.cancel_scope.cancel()


async def test_refresh_tells_what_is_open_to_the_one_who_asks(plant: Plant) -> None:
    plant.items = [Item(11, SERVER), Item(12, ua.NodeId("duct", 2))]
    plant.show("stack", {"Status/Fault": True, "I1/Alarm1": True})
    plant.show("duct", {"I2/Alarm2": True})
    told = list(plant.events)
    condition_type = ua.NodeId(I.ConditionType)

    async def refresh(method: int, *arguments: int) -> int:
        request = ua.CallMethodRequest(condition_type, ua.NodeId(method), [number(one) for one in arguments])
        outcome = await plant.methods.call(request, Session(ANONYMOUS))  # type: ignore[arg-type]
        return status(outcome)

    assert await refresh(REFRESH, 1) == StatusCodes.Good
    assert plant.events == told  # nobody else hears it
    start, *open_, end = plant.items[0].events
    assert (start.event_type, end.event_type) == (
        ua.NodeId(I.RefreshStartEventType),
        ua.NodeId(I.RefreshEndEventType),
    )
    known = {said(one, "EventId"): said(one, "Message") for one in told if one.condition is not None}
    assert {said(one, "EventId"): said(one, "Message") for one in open_} == known
    assert [said(one, "SourceName") for one in plant.items[1].events[1:-1]] == ["duct/I2"]
    assert await refresh(REFRESH, 2) == StatusCodes.BadSubscriptionIdInvalid
    plant.items[1].events.clear()
    assert await refresh(REFRESH_2, 1, 11) == StatusCodes.Good
    assert plant.items[1].events == []
    assert await refresh(REFRESH_2, 1, 99) == StatusCodes.BadMonitoredItemIdInvalid


class SlowItem(Item):
    """So slow that others get their turn after every event."""

    def deliver(self, event: Event) -> None:
        super().deliver(event)
        end = perf_counter() + 0.003
        while perf_counter() < end:
            pass


async def test_a_long_refresh_lets_others_in_but_no_second_one(plant: Plant) -> None:
    plant.items = [SlowItem(11, SERVER)]
    for channel in ("I1", "I2"):
        plant.show("stack", {f"{channel}/Alarm{number}": True for number in (1, 2, 3, 4)})
        plant.show("duct", {f"{channel}/Alarm{number}": True for number in (1, 2, 3, 4)})
    answers: list[int] = []

    async def refresh() -> None:
        request = ua.CallMethodRequest(ua.NodeId(I.ConditionType), ua.NodeId(REFRESH), [number(1)])
        answers.append(status(await plant.methods.call(request, Session(ANONYMOUS))))  # type: ignore[arg-type]

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refresh)
        tasks.start_soon(refresh)
    assert sorted(answers) == [StatusCodes.Good, StatusCodes.BadRefreshInProgress]
    assert len(plant.items[0].events) == 18
    await refresh()
    assert answers[-1] == StatusCodes.Good


async def test_a_subscription_that_goes_ends_its_refresh(plant: Plant) -> None:
    class Leaving(SlowItem):
        def deliver(self, event: Event) -> None:
            super().deliver(event)
            if len(self.events) == 3:
                plant.items = []

    item = Leaving(11, SERVER)
    plant.items = [item]
    plant.show("stack", {f"I1/Alarm{number}": True for number in (1, 2, 3, 4)})
    request = ua.CallMethodRequest(ua.NodeId(I.ConditionType), ua.NodeId(REFRESH), [number(1)])
    await plant.methods.call(request, Session(ANONYMOUS))  # type: ignore[arg-type]
    assert len(item.events) == 3


def test_a_condition_unfolds_when_somebody_looks(plant: Plant) -> None:
    def names(identifier: str) -> set[str]:
        node = plant.aspace[ua.NodeId(identifier, 2)]
        return {str(one.BrowseName.Name) for one in node.references if one.IsForward}

    nodes = len(plant.aspace._nodes)
    assert plant.read(f"{LIMITS}/HighHighLimit").Value.Value == 22.0
    assert len(plant.aspace._nodes) > nodes
    assert {"AckedState", "LimitState", "Acknowledge", "HighLimit", "ShelvingState"} <= names(LIMITS)
    assert "LowLowLimit" not in names(LIMITS)
    assert {"TimedShelve", "UnshelveTime", "CurrentState"} <= names(f"{LIMITS}/ShelvingState")
    assert names("stack/Alarms/Failure") >= {"EventId", "NormalState", "Confirm"}
    for absent in ("stack/Alarms/Failure/Nothing", "stack/Alarms/Nobody/Id", "nobody/Alarms/Failure"):
        assert ua.NodeId(absent, 2) not in plant.aspace


def test_every_mandatory_field_of_the_type_is_there(plant: Plant) -> None:
    """What the standard's own types declare mandatory, the event carries and the condition has as a variable."""
    plant.show("stack", {"Status/Fault": True, "I1/Value": 23.0})
    for event in (one for one in plant.events if one.condition is not None):
        fields = {tuple(name for _namespace, name in path) for path in event.fields}
        missing = set(_mandatory(plant, event.event_type)) - fields
        assert missing == set()
        assert event.condition is not None
        for path in fields:
            assert plant.read("/".join((str(event.condition.Identifier), *path))).StatusCode.is_good(), path


def _mandatory(plant: Plant, kind: ua.NodeId) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    current: ua.NodeId | None = kind
    while current is not None:
        found += _mandatory_below(plant, current, ())
        references = plant.aspace[current].references
        current = next(
            (one.NodeId for one in references if not one.IsForward and one.ReferenceTypeId.Identifier == I.HasSubtype),
            None,
        )
        if current == ua.NodeId(I.BaseObjectType):
            break
    return found


def _mandatory_below(plant: Plant, owner: ua.NodeId, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for one in plant.aspace[owner].references:
        if not one.IsForward or one.ReferenceTypeId.Identifier not in (I.HasProperty, I.HasComponent):
            continue
        rules = [
            rule.NodeId.Identifier
            for rule in plant.aspace[one.NodeId].references
            if rule.IsForward and rule.ReferenceTypeId.Identifier == I.HasModellingRule
        ]
        if rules == [I.ModellingRule_Mandatory] and one.NodeClass != ua.NodeClass.Method:
            below = (*path, str(one.BrowseName.Name))
            found += [below] if one.NodeClass == ua.NodeClass.Variable else []
            found += _mandatory_below(plant, one.NodeId, below)
    return found
