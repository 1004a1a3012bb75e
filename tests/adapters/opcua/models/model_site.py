"""A site of two analysers, one per companion model, and Updates of them by name of point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.drivers.servomex4100.driver import DRIVER
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.model.channel_spec import ChannelSpec
from gateway.model.meaning import CompanionModel, Technology
from gateway.model.points import SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.readings import ProtocolKind
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value

CHANNELS = {
    "I1": ChannelSpec("%", (0.0, 25.0), 2, "Oxygen", technology=Technology.PARAMAGNETIC),
    "I2": ChannelSpec("vpm", (0.0, 500.0), 1, "Carbon monoxide", technology=Technology.NON_DISPERSIVE_INFRARED),
    "I3": ChannelSpec("%", precision=1, description="Something"),
    "D1": ChannelSpec("%", (0.0, 25.0), 2, "Oxygen, dry"),
    "E1": ChannelSpec("mA", (0.0, 22.0), 1, "Flow"),
}
MODELS = {"stack": CompanionModel.PADIM, "flue": CompanionModel.ADI}
UNIX_US = 1_763_689_123_456_789
_BLANK: dict[ValueKind, Value] = {
    ValueKind.FLOAT: 0.0,
    ValueKind.INTEGER: 0,
    ValueKind.BOOLEAN: False,
    ValueKind.TEXT: "",
}


def model_site(
    models: Mapping[str, CompanionModel] = MODELS, channels: Mapping[str, ChannelSpec] = CHANNELS
) -> SiteSpec:
    """Analysers by name with the model of each; the actions of the driver are open."""
    protocol = ProtocolKind.MODBUS_RTU
    description = DRIVER.describe(Servomex4100Settings(channels), protocol)
    actions = tuple(DRIVER.actions(None, protocol))
    return build_site(
        "works 7",
        [
            (name, f"The {name}", replace(description, companion_model=model, actions=actions))
            for name, model in models.items()
        ],
    )


def sample(
    site: SiteSpec,
    analyser: str,
    values: Mapping[str, Value] | None = None,
    states: Mapping[str, State] | None = None,
    *,
    everywhere: State = State.GOOD,
    unix_us: int = UNIX_US,
) -> Update:
    """Everything that an analyser says at once; points that are not named are blank and in the state of the others."""
    group = next(device for device in site.devices if device.name == analyser).groups[0]
    named, stated = dict(values or {}), dict(states or {})
    all_values = [named.pop(point.browse_path, _BLANK[point.kind]) for point in group.points]
    all_states = [stated.pop(point.browse_path, everywhere) for point in group.points]
    assert not named, named
    assert not stated, stated
    return Update(group.index, Stamp(0, unix_us), all_values, all_states, range(len(group.points)))
