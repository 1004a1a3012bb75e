"""Values into DataValues: every state, every kind, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua

from gateway.adapters.opcua.engine.coroutine import run_without_suspending
from gateway.adapters.opcua.notifications.value_slots import ValueSlots
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec, Value
from gateway.model.quality import QUALITY, State
from gateway.model.update import Update

MakeUpdate = Callable[..., Update]


@pytest.mark.parametrize("state", State)
def test_quality_table_agrees_with_the_engine(state: State) -> None:
    quality = QUALITY[state]
    assert getattr(ua.StatusCodes, quality.status_name) == quality.status_code & 0xFFFF_0000
    assert ua.StatusCode(quality.status_code).is_bad() != quality.keeps_value


def test_points_wait_for_data_with_both_timestamps(site: SiteSpec) -> None:
    before = datetime.now(UTC)
    for attribute in ValueSlots(site).attributes:
        data = attribute.value
        assert data is not None
        assert data.StatusCode.value == ua.StatusCodes.BadWaitingForInitialData
        assert data.Value.VariantType is ua.VariantType.Null
        assert before <= data.SourceTimestamp <= datetime.now(UTC)
        assert before <= data.ServerTimestamp <= datetime.now(UTC)


@pytest.mark.parametrize("state", State)
def test_state_decides_status_and_value(site: SiteSpec, update: MakeUpdate, state: State) -> None:
    slots = ValueSlots(site)
    slots.apply(update(state=state))
    data = slots.attributes[0].value
    assert data.StatusCode.value == QUALITY[state].status_code
    assert data.Value.Value == (20.9 if QUALITY[state].keeps_value else None)


def test_kinds_have_their_types(site: SiteSpec, update: MakeUpdate) -> None:
    slots = ValueSlots(site)
    slots.apply(update())
    types = [attribute.value.Value.VariantType.name for attribute in slots.attributes[:5]]
    assert types == ["Double", "String", "Boolean", "Int64", "Double"]


def test_source_timestamp_is_exact_to_the_microsecond(site: SiteSpec, update: MakeUpdate) -> None:
    slots = ValueSlots(site)
    slots.apply(update(unix_us=1_763_689_123_456_789))
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1_763_689_123_456_789)
    assert slots.attributes[0].value.SourceTimestamp == expected


def test_only_changed_points_are_touched(site: SiteSpec, update: MakeUpdate) -> None:
    slots = ValueSlots(site)
    untouched = [attribute.value for attribute in slots.attributes]
    slots.apply(update(changed=[0, 3]))
    touched = [new.value is not old for new, old in zip(slots.attributes, untouched, strict=True)]
    assert [index for index, yes in enumerate(touched) if yes] == [0, 3]


@pytest.mark.parametrize(
    ("index", "value", "place"),
    [
        (0, "20.9", "stack/I1/Value"),
        (0, True, "stack/I1/Value"),
        (1, 5, "stack/I1/Name"),
        (2, 1, "stack/I1/Fault"),
        (3, 7.0, "stack/Status/Tick"),
        (3, 2**63, "stack/Status/Tick"),
        (0, 10**400, "stack/I1/Value"),
    ],
)
def test_wrong_kind_is_an_error_and_writes_nothing(
    site: SiteSpec, update: MakeUpdate, index: int, value: Value, place: str
) -> None:
    slots = ValueSlots(site)
    untouched = [attribute.value for attribute in slots.attributes]
    values = list(update().values)
    values[index] = value
    with pytest.raises(AdapterError, match=f"^{place}: "):
        slots.apply(update(values))
    assert all(new.value is old for new, old in zip(slots.attributes, untouched, strict=True))


def test_suspending_callback_is_a_fault_of_the_program() -> None:
    class Pause:
        def __await__(self):
            yield

    async def waits() -> None:
        await Pause()

    with pytest.raises(AdapterError, match="suspended"):
        run_without_suspending(waits())
