"""Analysers, a wire that can be broken, and everything of a gateway but its servers."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import anyio

from gateway.assembly import Wires, assemble_analysers, assemble_wires
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.model.bus_spec import BusSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.points import SiteSpec
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.runtime.broadcast import BroadcastAcquisition
from gateway.runtime.hub import Hub
from gateway.runtime.polled import PolledAcquisition
from gateway.runtime.supervisor import Supervisor
from gateway.settings.site_settings import AnalyserSettings, GatewaySettings
from gateway.settings.site_spec import site_spec
from gateway.simulator import (
    FaultKind,
    InstrumentSettings,
    LineSettings,
    Simulator,
    SimulatorSettings,
    TcpLink,
    running,
)
from gateway.simulator.continuous_line import ContinuousLine
from gateway.simulator.faults import Fault
from gateway.streaming.summary import AcquisitionSummary
from tests.faults.evidence import CHANNELS, Evidence, alarms, channel_settings
from tests.faults.fault_menu import HOLDING, Recipe
from tests.faults.gateway_ends import GatewayEnd, SerialEnd, TcpEnd
from tests.faults.proxy import FaultProxy, fault_proxy
from tests.faults.wire_faults import WireFault

FIRST_ADDRESS = 30
RATE_HZ = 8.0
"""The period is the shortest pause before a wire is opened again, so a wire is open again within one tick."""

LOOK_S = 0.02

QUICK = BusSpec(
    "", ProtocolKind.MODBUS_RTU, baudrate=115200, idle_gap_ms=5, turnaround_ms=8, timeout_s=0.05, attempts=2
)
"""A wire that is quick enough for two analysers at that rate; `running_stack` fills in link and protocol."""


@dataclass(frozen=True, slots=True)
class WireMode:
    """What is spoken, on what, and by how many.

    Attributes:
        protocol: What is spoken.
        serial: On a serial port rather than over TCP.
        analysers: On the wire. Of two, one can be taken for the other; one alone is never spared for a neighbour.
    """

    protocol: ProtocolKind
    serial: bool
    analysers: int = 1

    @property
    def polled(self) -> bool:
        """Whether the analysers answer when asked."""
        return self.protocol is not ProtocolKind.CONTINUOUS

    def __str__(self) -> str:
        return f"{self.protocol} {'serial' if self.serial else 'tcp'} {self.analysers}"


MODES = (
    WireMode(ProtocolKind.MODBUS_RTU, serial=True, analysers=2),
    WireMode(ProtocolKind.MODBUS_RTU, serial=False),
    WireMode(ProtocolKind.MODBUS_ASCII, serial=True),
    WireMode(ProtocolKind.MODBUS_TCP, serial=False, analysers=2),
    WireMode(ProtocolKind.CONTINUOUS, serial=True),
    WireMode(ProtocolKind.CONTINUOUS, serial=False),
)


@dataclass
class Stack:
    """Everything, running; made by `running_stack`.

    Attributes:
        end: The gateway's end of the wire.
        acquisitions: One per analyser.
    """

    mode: WireMode
    site: SiteSpec
    hub: Hub
    clock: Clock
    simulator: Simulator
    end: GatewayEnd
    proxy: FaultProxy
    wires: Wires
    acquisitions: Sequence[BroadcastAcquisition | PolledAcquisition]
    evidence: Evidence

    async def break_answers(self, recipe: Recipe) -> None:
        """Let a fault concern what the analysers send."""
        if recipe.kind in HOLDING and self.evidence.held_since_ns is None:
            self.evidence.held_since_ns = self.clock.monotonic_ns()
        await self.proxy.answers.switch(recipe.on(self.mode.protocol))

    async def break_requests(self, recipe: Recipe) -> None:
        """Let a fault concern what the gateway sends; without effect on analysers that are not asked."""
        await self.proxy.requests.switch(recipe.on(self.mode.protocol))

    async def mend(self) -> None:
        """End all faults of the wire."""
        await self.proxy.requests.switch(WireFault())
        await self.proxy.answers.switch(WireFault())
        await self.proxy.plug_in()

    async def ticks_until_good(self, most: int) -> int:
        """Wait until every analyser has published good values again.

        Returns:
            How many ticks of the slowest analyser came due from now on, the one that brought them included; one more
            than `most` if it takes longer than that. Ticks in which the machine had no time for this process at all
            are not counted.
        """
        now_ns = self.clock.monotonic_ns()
        begin = [self._tick(device) for device in range(self.mode.analysers)]
        waiting = dict(enumerate(begin))
        worst = 0
        stalled_ns = 0
        while waiting and worst <= most:
            looked_ns = self.clock.monotonic_ns()
            with anyio.move_on_after(LOOK_S):
                await self.evidence.published()
            stalled_ns += max(0, self.clock.monotonic_ns() - looked_ns - round(2 * LOOK_S * 1e9))
            for device, first in list(waiting.items()):
                worst = max(worst, self._tick(device) - first - math.ceil(stalled_ns * RATE_HZ / 1e9))
                if self.evidence.good_ns(device) > now_ns:
                    del waiting[device]
        self.evidence.held_since_ns = None
        return worst

    def _tick(self, device: int) -> int:
        """Number of the last tick that came due."""
        acquisition = self.acquisitions[device]
        if isinstance(acquisition, PolledAcquisition):
            return acquisition._recorder.start().slot_at(self.clock.monotonic_ns())
        conversation = self.simulator.lines["line"].conversation
        assert isinstance(conversation, ContinuousLine)
        return conversation.sent

    @property
    def summaries(self) -> list[AcquisitionSummary]:
        """Acquisition counters, one per analyser."""
        return [acquisition.summary for acquisition in self.acquisitions]


def instruments(mode: WireMode) -> tuple[InstrumentSettings, ...]:
    """The analysers of a wire. The first of those that are asked refuses broad reads, so it gets many short ones."""
    narrow = (Fault(FaultKind.NARROW_READS),)
    return tuple(
        InstrumentSettings(
            FIRST_ADDRESS + device,
            channel_settings(device),
            faults=alarms(device) + (narrow if mode.polled and device == 0 else ()),
        )
        for device in range(mode.analysers)
    )


def gateway_settings(mode: WireMode, link: str, rate_hz: float, spec: BusSpec) -> GatewaySettings:
    """One bus with the analysers of the mode, no servers."""
    channels = {channel: ChannelSpec("%") for channel in CHANNELS}
    analysers = {
        f"a{device}": AnalyserSettings(
            f"a{device}",
            "servomex4100",
            "line",
            Servomex4100Settings(channels, FIRST_ADDRESS + device, frame_interval_s=1 / rate_hz),
            rate_hz=rate_hz,
            stale_after_s=8 / rate_hz,
        )
        for device in range(mode.analysers)
    }
    return GatewaySettings("faults", {"line": replace(spec, link=link, protocol=mode.protocol)}, analysers, {})


@asynccontextmanager
async def running_stack(
    mode: WireMode,
    folder: Path,
    clock: Clock,
    *,
    rate_hz: float = RATE_HZ,
    spec: BusSpec = QUICK,
    line: LineSettings | None = None,
    slack_s: float = 0.5,
) -> AsyncIterator[Stack]:
    """Start everything, wait for the first good values, and stop it at the end of the block.

    Args:
        mode: What is on the wire.
        folder: Where a serial port may appear.
        clock: Time of the gateway and of the analysers.
        rate_hz: Polls or frames per second.
        spec: Manners of the bus.
        line: The analysers' line, on TCP; by default one that takes no time.
        slack_s: See `Evidence`.
    """
    if line is None:
        quick = LineSettings("line", TcpLink(), mode.protocol, instruments(mode), baudrate=None, turnaround_s=0.0)
        line = replace(quick, interval_s=1 / rate_hz)
    with ExitStack() as ends:
        end = SerialEnd(folder / "tty") if mode.serial else ends.enter_context(TcpEnd())
        async with (
            running(SimulatorSettings((line,)), clock) as simulator,
            fault_proxy(mode.protocol, end, simulator.lines["line"].port or 0) as proxy,
            anyio.create_task_group() as tasks,
        ):
            settings = gateway_settings(mode, proxy.link, rate_hz, spec)
            site = site_spec(settings)
            hub = Hub(site)
            wires = assemble_wires(settings, clock)
            analysers = assemble_analysers(settings, site, wires, hub, clock, actions={})
            acquisitions = [cast("BroadcastAcquisition | PolledAcquisition", each.acquisition) for each in analysers]
            known = simulator.lines["line"].instruments.values()
            evidence = Evidence(
                site, known, [each.summary for each in acquisitions], clock, polled=mode.polled, slack_s=slack_s
            )
            hub.subscribe(evidence)
            stack = Stack(mode, site, hub, clock, simulator, end, proxy, wires, acquisitions, evidence)
            stop = anyio.Event()
            tasks.start_soon(Supervisor(hub, [], analysers, clock).run, stop)
            with anyio.fail_after(10):
                while not all(map(evidence.good_ns, range(mode.analysers))):
                    await evidence.published()
            yield stack
            stop.set()
            await wires.aclose()
