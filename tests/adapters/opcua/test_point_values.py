"""Values into DataValues: every state, every kind, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua

from gateway.adapters.opcua.engine.coroutine import run_without_suspending
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.notifications.point_views import PointView
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec
from gateway.model.quality import QUALITY, State
from gateway.model.update import Update
from gateway.model.value import Value

MakeUpdate = Callable[..., Update]


@pytest.mark.parametrize("state", State)
def test_quality_table_agrees_with_the_engine(state: State) -> None:
    quality = QUALITY[state]
    assert getattr(ua.StatusCodes, quality.status_name) == quality.status_code & 0xFFFF_0000
    assert ua.StatusCode(quality.status_code).is_bad() != quality.keeps_value


def _shown(values: PointValues, index: int) -> ua.DataValue:
    """What a node of the first group shows."""
    kinds = (ua.VariantType.Double, ua.VariantType.String, ua.VariantType.Boolean, ua.VariantType.Int64)
    return values.group(0).data_value(PointView(0, index, kinds[index] if index < 4 else ua.VariantType.Double))


def test_points_wait_for_data_with_both_timestamps(site: SiteSpec) -> None:
    before = datetime.now(UTC)
    values = PointValues(site)
    for index in range(len(site.groups[0].points)):
        data = _shown(values, index)
        assert data.StatusCode.value == ua.StatusCodes.BadWaitingForInitialData
        assert data.Value.VariantType is ua.VariantType.Null
        assert before <= data.SourceTimestamp <= datetime.now(UTC)
        assert before <= data.ServerTimestamp <= datetime.now(UTC)


@pytest.mark.parametrize("state", State)
def test_state_decides_status_and_value(site: SiteSpec, update: MakeUpdate, state: State) -> None:
    values = PointValues(site)
    values.apply(update(state=state))
    data = _shown(values, 0)
    assert data.StatusCode.value == QUALITY[state].status_code
    assert data.Value.Value == (20.9 if QUALITY[state].keeps_value else None)


def test_kinds_have_their_types(site: SiteSpec, update: MakeUpdate) -> None:
    values = PointValues(site)
    values.apply(update())
    views = [values.view_of(site_node(f"stack/{name}")) for name in ("I1/Value", "I1/Name", "I1/Fault", "Status/Tick")]
    assert [view.variant_type.name for view in views if view is not None] == ["Double", "String", "Boolean", "Int64"]


def test_source_timestamp_is_exact_to_the_microsecond(site: SiteSpec, update: MakeUpdate) -> None:
    values = PointValues(site)
    values.apply(update(unix_us=1_763_689_123_456_789))
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1_763_689_123_456_789)
    assert _shown(values, 0).SourceTimestamp == expected


def test_only_changed_points_are_touched(site: SiteSpec, update: MakeUpdate) -> None:
    values = PointValues(site)
    values.apply(update(changed=[0, 3]))
    touched = [_shown(values, index).StatusCode.is_good() for index in range(len(site.groups[0].points))]
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
    values = PointValues(site)
    untouched = [_shown(values, index) for index in range(len(site.groups[0].points))]
    wrong = list(update().values)
    wrong[index] = value
    with pytest.raises(AdapterError, match=f"^{place}: "):
        values.apply(update(wrong))
    assert untouched == [_shown(values, index) for index in range(len(site.groups[0].points))]


def test_suspending_callback_is_a_fault_of_the_program() -> None:
    class Pause:
        def __await__(self):
            yield

    async def waits() -> None:
        await Pause()

    with pytest.raises(AdapterError, match="suspended"):
        run_without_suspending(waits())
