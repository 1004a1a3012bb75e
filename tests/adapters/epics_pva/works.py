"""A site with one analyser, and what can be published of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.adapters.epics_pva.adapter import PvAccessAdapter
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import AlarmLimits, SiteSpec
from gateway.model.quality import State
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value

UNIX_US = 1_763_689_123_456_789
LIMITS = AlarmLimits(low=15.0, high=21.0, high_high=23.0, hysteresis=0.5)
SITE: SiteSpec = build_site(
    "works",
    [
        (
            "stack",
            "Stack gas",
            DeviceDescription(
                "Servomex",
                "4100",
                {
                    "I1": ChannelSpec("%", (0, 25), precision=2, description="Oxygen", limits=LIMITS),
                    "I2": ChannelSpec("vpm"),
                },
                2,
            ),
        )
    ],
)
PATHS = [point.browse_path for point in SITE.groups[0].points]


def made(**settings: Any) -> PvAccessAdapter:
    own: dict[str, Any] = {"interfaces": ("127.0.0.1",), "port": 0, "broadcast_port": 0, "beacons": ()}
    return PvAccessAdapter(SITE, PvAccessSettings(prefix="W:", **own | settings))


def update(
    values: Mapping[str, Value], states: Mapping[str, State] | State = State.GOOD, unix_us: int = UNIX_US
) -> Update:
    """Values and states by path; what is not named has no value, and is good. Only what is named has changed."""
    by_path = states if isinstance(states, Mapping) else dict.fromkeys(values, states)
    named = values.keys() | by_path.keys()
    return Update(
        0,
        Stamp(1, unix_us),
        [values.get(path) for path in PATHS],
        [by_path.get(path, State.GOOD) for path in PATHS],
        [index for index, path in enumerate(PATHS) if path in named],
    )
