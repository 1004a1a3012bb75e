"""Analysers that show whatever a check wants to see."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import anyio

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.drivers.servomex4100.driver import DRIVER
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.meaning import CompanionModel, Technology
from gateway.model.points import PointGroup, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.readings import ProtocolKind
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value

START = ActionSpec(
    "StartAutocalibration",
    "Start the autocalibration of one group",
    (ActionArgument("Group", "Calibration group", 1, 4),),
)
CHANNELS = {
    "I1": ChannelSpec("%", (0.0, 25.0), 2, "Oxygen", technology=Technology.PARAMAGNETIC),
    "I2": ChannelSpec("vpm", (0.0, 500.0), 1, "Carbon monoxide", technology=Technology.NON_DISPERSIVE_INFRARED),
    "I3": ChannelSpec("", description="Neither unit nor range"),
}
_STEP_US = 1000
"""Between the stamps of two ticks, at least: node-opcua keeps milliseconds."""

_FRESH: Mapping[ValueKind, Value] = {
    ValueKind.FLOAT: 0.0,
    ValueKind.INTEGER: 0,
    ValueKind.BOOLEAN: False,
    ValueKind.TEXT: "",
}


def site_of(models: Mapping[str, CompanionModel]) -> SiteSpec:
    """A site of analysers that differ in their companion model alone, each with an action that is open."""
    description = DRIVER.describe(Servomex4100Settings(CHANNELS), ProtocolKind.MODBUS_RTU)
    return build_site(
        "conformance",
        [
            (name, f"Analyser {name}", replace(description, companion_model=model, actions=(START,)))
            for name, model in models.items()
        ],
    )


class PlayedAnalyser:
    """One analyser of a served site; the updates of a driver, made by hand."""

    def __init__(self, adapter: OpcUaAdapter, group: PointGroup) -> None:
        self._adapter = adapter
        self._group = group
        self._places = {point.browse_path: index for index, point in enumerate(group.points)}
        self._cyclic = frozenset(index for index, point in enumerate(group.points) if point.cyclic)
        self._values: list[Value] = []
        self._states: list[State] = []
        self._latest_us = 0
        self.reset()

    def reset(self) -> None:
        """All points good, and as empty as can be."""
        self._values = [_FRESH[point.kind] for point in self._group.points]
        self._states = [State.GOOD] * len(self._values)
        self._show(range(len(self._values)))

    async def play(self, steps: Sequence[Mapping[str, tuple[Value, str]]], gap: float = 0.0) -> list[int]:
        """One tick after the other, without suspending unless there is a gap; returns their stamps in microseconds."""
        stamps = []
        for step in steps:
            changed = set(self._cyclic)
            for path, (value, state) in step.items():
                place = self._places[path]
                self._values[place] = (
                    float(value) if isinstance(self._values[place], float) and value is not None else value
                )
                self._states[place] = State(state)
                changed.add(place)
            stamps.append(self._show(sorted(changed)))
            if gap:
                await anyio.sleep(gap)
        return stamps

    def _show(self, changed: Sequence[int]) -> int:
        self._latest_us = max(time.time_ns() // 1000, self._latest_us + _STEP_US)
        stamp = Stamp(time.monotonic_ns(), self._latest_us)
        self._adapter.apply(Update(self._group.index, stamp, tuple(self._values), tuple(self._states), changed))
        return self._latest_us


def played(adapter: OpcUaAdapter, site: SiteSpec) -> dict[str, PlayedAnalyser]:
    """Every analyser of a site, by name."""
    found = {}
    for device in site.devices:
        group = device.group("Acquired")
        assert group is not None
        found[device.name] = PlayedAnalyser(adapter, group)
    return found
