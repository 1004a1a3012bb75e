"""Data acquisition devices as a driver of the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from gateway.drivers.daq.actions import actions
from gateway.drivers.daq.origin import origin
from gateway.drivers.daq.points import COUNTERS, described_points
from gateway.drivers.daq.settings import DaqSettings
from gateway.drivers.daq.settings_check import Problem, problems
from gateway.model.actions import ActionSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.ports import LocalSource

MANUFACTURERS = {"nidaqmx": "National Instruments", "uldaq": "Measurement Computing", "dtollib": "Data Translation"}
NEWS_S = 1.0
"""Seconds between batches of a device without inputs."""


class Daq:
    """`driver: daq`; a `ports.LocalDriver`."""

    settings = DaqSettings
    protocols = frozenset({ProtocolKind.LOCAL})

    def check(
        self,
        settings: object,
        protocol: ProtocolKind,  # noqa: ARG002  there is only one
    ) -> Sequence[Problem]:
        """See `ports.Driver.check`."""
        return list(problems(cast("DaqSettings", settings)))

    def describe(
        self,
        settings: object,
        protocol: ProtocolKind,  # noqa: ARG002  there is only one
    ) -> DeviceDescription:
        """See `ports.Driver.describe`."""
        options = cast("DaqSettings", settings)
        interval_s = options.block_s if options.inputs else NEWS_S
        return DeviceDescription(
            manufacturer=MANUFACTURERS.get(options.device.backend, ""),
            model=options.device.name,
            channels=options.channels,
            frame_interval_s=interval_s if options.mode == "blocks" else None,
            points=described_points(options),
            counters=COUNTERS,
            is_local=True,
        )

    def connect(self, device: str, settings: object, rate_hz: float, clock: Clock) -> LocalSource:
        """See `ports.LocalDriver.connect`."""
        from gateway.drivers.daq.source import DaqSource

        return DaqSource(device, cast("DaqSettings", settings), rate_hz, clock)

    def actions(
        self,
        settings: object,
        protocol: ProtocolKind,  # noqa: ARG002  there is only one
    ) -> Sequence[ActionSpec]:
        """See `ports.ActionDriver.actions`."""
        return actions(cast("DaqSettings", settings))

    def origin(
        self,
        settings: object,
        protocol: ProtocolKind,  # noqa: ARG002  there is only one
        path: tuple[str, ...],
    ) -> str:
        """See `ports.ExplainingDriver.origin`."""
        return origin(cast("DaqSettings", settings), path)


DRIVER = Daq()
