"""A driver and an adapter of another distribution, as small as they can be: a thermometer, and a file of lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import TaskStatus

from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.quality import QUALITY
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.update import Update
from gateway.model.wire_time import WireExchange
from gateway.ports import BroadcastSource, LinkOpener, ModbusBus, PollSource, ServedName


@dataclass(frozen=True)
class ThermometerSettings:
    """One thermometer.

    Attributes:
        channels: Its only channel is `T`.
        register: Input register that holds the temperature in tenths of a degree.
    """

    channels: Mapping[str, ChannelSpec] = field(default_factory=lambda: {"T": ChannelSpec("degC")})
    register: int = 0


class Thermometer:
    def __init__(self, device: str, register: int, bus: ModbusBus) -> None:
        self._device, self._register, self._bus = device, register, bus

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        del names, timeout
        exchange = await self._bus.read_input_registers(30, self._register, 1)
        reading = Reading("T", ChannelKind.MEASURED, "", exchange.values[0] / 10, "degC", ChannelStatus())
        stamp = exchange.received
        return [
            Sample(
                self._device,
                "T",
                reading,
                self._bus.protocol,
                stamp.monotonic_ns,
                stamp.utc,
                metadata={"analyser": AnalyserStatus()},
            )
        ]


class ThermometerDriver:
    settings = ThermometerSettings
    protocols = frozenset({ProtocolKind.MODBUS_TCP})

    def check(self, settings: object, protocol: ProtocolKind) -> Sequence[tuple[tuple[str, ...], str]]:
        del settings, protocol
        return []

    def describe(self, settings: object, protocol: ProtocolKind) -> DeviceDescription:
        del protocol
        assert isinstance(settings, ThermometerSettings)
        return DeviceDescription("Toys", "T", settings.channels)

    def exchanges(self, settings: object, protocol: ProtocolKind) -> Sequence[WireExchange]:
        del settings, protocol
        return (WireExchange(12, 11),)

    def poll(self, device: str, settings: object, bus: ModbusBus) -> PollSource:
        assert isinstance(settings, ThermometerSettings)
        return Thermometer(device, settings.register, bus)

    def listen(self, device: str, settings: object, wire: LinkOpener) -> BroadcastSource:
        raise AssertionError((device, settings, wire))


@dataclass(frozen=True)
class LinesSettings:
    """A file of lines.

    Attributes:
        path: Where they go.
    """

    path: str = "lines.jsonl"


class Lines:
    def __init__(self, site: SiteSpec, settings: LinesSettings) -> None:
        self._site = site
        self._path = Path(settings.path)
        self.endpoints = (settings.path,)

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        task_status.started()
        await anyio.sleep_forever()

    def apply(self, update: Update) -> None:
        group = self._site.groups[update.group]
        with self._path.open("a") as file:
            for index in update.changed:
                status = QUALITY[update.states[index]].status_name
                point = f"{group.device}/{group.points[index].browse_path}"
                file.write(json.dumps([point, update.values[index], status]) + "\n")


class LinesKind:
    settings = LinesSettings

    def names(self, site: SiteSpec, settings: object) -> Sequence[ServedName]:
        del settings
        return [
            ServedName(device.name, point.path, f"{device.name}/{point.browse_path}")
            for device in site.devices
            for point in device.points
        ]

    def create(self, site: SiteSpec, settings: object) -> Lines:
        assert isinstance(settings, LinesSettings)
        return Lines(site, settings)

    async def probe(self, settings: object) -> str:
        assert isinstance(settings, LinesSettings)
        return settings.path


THERMOMETER = ThermometerDriver()
LINES = LinesKind()
