"""What every registered adapter owes the rest of the gateway."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import anyio
import pytest

from gateway import registry
from gateway.errors import AdapterError
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.ports import Adapter
from tests.open_server import OPEN_SETTINGS
from tests.serving import serving

SITE = build_site(
    "works",
    [
        (
            "stack",
            "Stack gas",
            DeviceDescription("Servomex", "4100", {"I1": ChannelSpec("%", (0, 25))}, 4, has_clock=True),
        ),
        ("duct", "", DeviceDescription("", "", {"D1": ChannelSpec("vpm")})),
    ],
)
ON_LOOPBACK: dict[str, dict[str, Any]] = {
    "opcua": {name: getattr(OPEN_SETTINGS, name) for name in ("host", "security", "anonymous")},
    "epics_ca": {"interfaces": ("127.0.0.1",), "beacons": ()},
    "epics_pva": {"interfaces": ("127.0.0.1",), "broadcast_port": 0, "beacons": ()},
}
NATURAL: dict[ValueKind, Value] = {
    ValueKind.FLOAT: 20.9,
    ValueKind.INTEGER: 7,
    ValueKind.BOOLEAN: True,
    ValueKind.TEXT: "CO2 \N{SUBSCRIPT TWO} " * 20,
}
NAMES = registry.adapter_names()


def made(name: str, port: int = 0) -> Adapter:
    kind = registry.adapter(name)
    return kind.create(SITE, kind.settings(**ON_LOOPBACK[name], port=port))


def update_of(site: SiteSpec, group: int, state: State, *, known: bool = True) -> Update:
    points = site.groups[group].points
    values = [NATURAL[point.kind] if known else None for point in points]
    return Update(group, Stamp(1, 1_763_689_123_456_789), values, [state] * len(points), range(len(points)))


def test_every_adapter_can_be_tried_on_loopback() -> None:
    assert ON_LOOPBACK.keys() == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_a_frozen_dataclass_with_defaults_and_documented_keys(name: str) -> None:
    settings = registry.adapter(name).settings
    assert settings() == settings()
    assert settings.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for field in dataclasses.fields(settings):
        assert f"{field.name}:" in (settings.__doc__ or ""), field.name


@pytest.mark.parametrize("name", NAMES)
def test_importing_the_kind_imports_no_engine(name: str) -> None:
    script = (
        "import sys; from gateway import registry; registry.adapter(sys.argv[1]);"
        "engines = {'asyncua', 'caproto', 'p4p', 'pymodbus', 'serial'}; sys.exit(bool(engines & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script, name], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_point_has_one_name_in_the_order_of_the_site(name: str) -> None:
    kind = registry.adapter(name)
    served = kind.names(SITE, kind.settings())
    assert [(one.device, one.path) for one in served] == [
        (device.name, point.path) for device in SITE.devices for point in device.points
    ]
    assert len({one.name for one in served}) == len(served)
    assert served == kind.names(SITE, kind.settings())


@pytest.mark.parametrize("name", NAMES)
async def test_every_state_of_every_kind_of_value_is_taken_at_any_time(name: str) -> None:
    adapter = made(name)
    for state in State:
        for group in range(len(SITE.groups)):
            adapter.apply(update_of(SITE, group, state))
            adapter.apply(update_of(SITE, group, state, known=False))
    assert adapter.endpoints == ()
    async with serving(adapter):
        assert adapter.endpoints
        for state in State:
            adapter.apply(update_of(SITE, 0, state))
    assert adapter.endpoints == ()


@pytest.mark.parametrize("name", NAMES)
async def test_it_starts_stops_and_answers_the_probe_again_and_again(name: str, unused_port: int) -> None:
    kind = registry.adapter(name)
    settings = kind.settings(**ON_LOOPBACK[name], port=unused_port)
    for _ in range(3):
        async with serving(kind.create(SITE, settings)):
            with anyio.fail_after(5):
                assert str(unused_port) in await kind.probe(settings)
        with pytest.raises(OSError), anyio.fail_after(5):
            await kind.probe(settings)


@pytest.mark.parametrize("name", NAMES)
async def test_a_port_that_is_taken_is_named_with_a_remedy(name: str, unused_port: int) -> None:
    async with serving(made(name, unused_port)):
        with pytest.raises(AdapterError) as caught:
            await made(name, unused_port).serve(task_status=anyio.TASK_STATUS_IGNORED)
    assert str(unused_port) in str(caught.value)
    assert caught.value.hint
