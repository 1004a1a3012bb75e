"""The Servomex 4000 series as a driver of the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from gateway.drivers.servomex4100.actions import ACTIONS
from gateway.drivers.servomex4100.channels import CALIBRATION_GROUPS, SLOT_BY_ID
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.model.actions import ActionSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.discovery import Identity
from gateway.model.meaning import ChannelRole
from gateway.model.readings import ProtocolKind
from gateway.model.wire_time import WireExchange
from gateway.ports import ActionExecutor, BroadcastSource, FrameRecogniser, LinkOpener, ModbusBus, PollSource

MOST_CONTINUOUS_CHANNELS = 7
LONGEST_INTERVAL_S = 9999
HIGHEST_ADDRESS = 247

Problem = tuple[tuple[str, ...], str]


class Servomex4100:
    """`driver: servomex4100`; a `ports.Driver`."""

    settings = Servomex4100Settings
    protocols = frozenset(ProtocolKind) - {ProtocolKind.LOCAL}

    def check(self, settings: object, protocol: ProtocolKind) -> Sequence[Problem]:
        """See `ports.Driver.check`."""
        return list(self._problems(cast("Servomex4100Settings", settings), protocol))

    def _problems(self, settings: Servomex4100Settings, protocol: ProtocolKind) -> Iterator[Problem]:
        known = ", ".join(SLOT_BY_ID)
        if not settings.channels:
            yield ("channels",), f"no channels; name those to serve out of {known}"
        for channel in settings.channels:
            if channel not in SLOT_BY_ID:
                yield ("channels", channel), f"the instrument has no channel '{channel}'; it has {known}"
        if protocol is ProtocolKind.CONTINUOUS:
            if len(settings.channels) > MOST_CONTINUOUS_CHANNELS:
                yield (
                    ("channels",),
                    (
                        f"{len(settings.channels)} channels, but a continuous frame carries at most"
                        f" {MOST_CONTINUOUS_CHANNELS}; leave some out or use Modbus"
                    ),
                )
            if not 1 <= settings.frame_interval_s <= LONGEST_INTERVAL_S:
                yield (
                    ("frame_interval_s",),
                    (
                        f"{settings.frame_interval_s:g} s cannot be set on the analyser; give its frame frequency,"
                        f" 1 to {LONGEST_INTERVAL_S} s"
                    ),
                )
        elif not 1 <= settings.address <= HIGHEST_ADDRESS:
            yield ("address",), f"{settings.address} is no Modbus address; give 1 to {HIGHEST_ADDRESS}"

    def describe(self, settings: object, protocol: ProtocolKind) -> DeviceDescription:
        """See `ports.Driver.describe`."""
        options = cast("Servomex4100Settings", settings)
        continuous = protocol is ProtocolKind.CONTINUOUS
        return DeviceDescription(
            manufacturer="Servomex",
            model="4100",
            channels=options.channels,
            calibration_groups=CALIBRATION_GROUPS,
            has_clock=continuous,
            frame_interval_s=options.frame_interval_s if continuous else None,
            address=None if continuous else options.address,
            roles={
                channel: ChannelRole(SLOT_BY_ID[channel].kind, SLOT_BY_ID[channel].parent)
                for channel in options.channels
                if channel in SLOT_BY_ID
            },
        )

    def exchanges(self, settings: object, protocol: ProtocolKind) -> Sequence[WireExchange]:
        """See `ports.Driver.exchanges`."""
        from gateway.drivers.servomex4100.continuous_frame import FEWEST_CHANNELS, frame_length
        from gateway.drivers.servomex4100.read_plan import full_plan, plan_exchanges

        options = cast("Servomex4100Settings", settings)
        if protocol is ProtocolKind.CONTINUOUS:
            channels = len(options.channels.keys() | {"E1", "E2"})
            return (WireExchange(0, frame_length(max(FEWEST_CHANNELS, channels))),)
        return plan_exchanges(full_plan(list(options.channels)), protocol)

    def recogniser(self, assumed_interval_s: float) -> FrameRecogniser:
        """See `ports.DiscoverableDriver.recogniser`."""
        from gateway.drivers.servomex4100.identify import ServomexFrames

        return ServomexFrames(assumed_interval_s)

    async def identify(self, bus: ModbusBus, address: int) -> Identity | None:
        """See `ports.DiscoverableDriver.identify`."""
        from gateway.drivers.servomex4100.identify import identify_by_modbus

        return await identify_by_modbus(bus, address)

    def poll(self, device: str, settings: object, bus: ModbusBus) -> PollSource:
        """See `ports.Driver.poll`."""
        from gateway.drivers.servomex4100.polled import PolledAnalyser

        options = cast("Servomex4100Settings", settings)
        return PolledAnalyser(device, options.address, list(options.channels), bus)

    def listen(self, device: str, settings: object, wire: LinkOpener) -> BroadcastSource:
        """See `ports.Driver.listen`."""
        from gateway.drivers.servomex4100.broadcast import BroadcastAnalyser

        options = cast("Servomex4100Settings", settings)
        return BroadcastAnalyser(device, list(options.channels), wire)

    def origin(
        self,
        settings: object,  # noqa: ARG002  nothing in the settings moves a register or a field
        protocol: ProtocolKind,
        path: tuple[str, ...],
    ) -> str:
        """See `ports.ExplainingDriver.origin`."""
        from gateway.drivers.servomex4100.origin import origin

        return origin(protocol, path)

    def actions(
        self,
        settings: object,  # noqa: ARG002  every instrument of the series has the same coils
        protocol: ProtocolKind,
    ) -> Sequence[ActionSpec]:
        """See `ports.ActionDriver.actions`; in continuous mode the instrument does not listen."""
        return () if protocol is ProtocolKind.CONTINUOUS else ACTIONS

    def executor(self, device: str, settings: object, bus: ModbusBus) -> ActionExecutor:
        """See `ports.ActionDriver.executor`."""
        from gateway.drivers.servomex4100.calibration_commands import CalibrationCommands

        options = cast("Servomex4100Settings", settings)
        return CalibrationCommands(device, options.address, bus)


DRIVER = Servomex4100()
