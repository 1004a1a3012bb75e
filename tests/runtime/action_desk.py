"""A desk with one analyser behind it, whose executor does what a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from gateway.model.actions import ActionArgument, ActionOrigin, ActionRequest, ActionSpec
from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.operator import Operator
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.site_builder import build_site
from gateway.model.stamp import Clock
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.runtime.action_gates import ActionGates
from gateway.runtime.actions import OperatorDesk
from gateway.runtime.analyser_actions import AnalyserActions
from gateway.runtime.audit_file import AuditFile
from gateway.runtime.audit_log import AuditLog
from gateway.runtime.freshness import Freshness
from gateway.runtime.hub import Hub
from gateway.runtime.user_file import UserFile
from gateway.runtime.users import Users
from gateway.streaming.clock import SystemClock
from tests.runtime.conftest import CHANNELS, Recorded, failed, good

START = ActionSpec("Start", "Start something", (ActionArgument("Group", "Which", 1, 4),))
STOP = ActionSpec("Stop", "Stop it")
OPERATORS = {
    "alice": Operator(password="opensesame"),
    "bob": Operator(hosts=("10.0.0.0/8",)),
    "carol": Operator(password="abracadabra", hosts=("10.0.0.7",)),
}
OPENED: Mapping[str, Sequence[str]] = {"Start": ("alice", "bob", "carol"), "Stop": ("alice",)}
ALICE = ActionOrigin("opcua", "192.168.1.5", "alice", proved=True)
BOB = ActionOrigin("epics_ca", "10.1.2.3", "bob", proved=False)


def request(
    action: str = "Start",
    arguments: tuple[int, ...] = (1,),
    *,
    origin: ActionOrigin = ALICE,
    confirmed: bool = True,
    device: str = "stack",
) -> ActionRequest:
    return ActionRequest(device, action, arguments, confirmed, origin)


@dataclass
class ToldExecutor:
    """Counts what reaches it; a test may hold it, or let it fail."""

    performed: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    looked: int = 0
    left: list[str] = field(default_factory=list)
    error: Exception | None = None
    hold: anyio.Event | None = None

    async def perform(self, action: str, arguments: Sequence[int]) -> str:
        self.performed.append((action, tuple(arguments)))
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return f"{action} is done"

    async def leftovers(self) -> Sequence[str]:
        self.looked += 1
        if self.error is not None:
            raise self.error
        return list(self.left)


@dataclass
class Watched(Recorded):
    """A subscriber that can be waited for."""

    news: anyio.Event = field(default_factory=anyio.Event)

    def apply(self, update: Update) -> None:
        super().apply(update)
        self.news.set()


@dataclass
class Office:
    """Everything around the desk."""

    desk: OperatorDesk
    actions: AnalyserActions
    executor: ToldExecutor
    freshness: Freshness
    audit: AuditLog
    seen: Watched
    site: SiteSpec
    clock: Clock

    def reachable(self) -> None:
        self.freshness.deliver(good(self.clock))

    def lost(self, error: Exception) -> None:
        self.freshness.deliver(failed(self.clock, error))

    @property
    def shown(self) -> dict[str, Value]:
        """Values of the Action group as clients see them now."""
        return {name: value for name, (value, _) in self.points.items()}

    @property
    def points(self) -> dict[str, tuple[Value, State]]:
        group = self.site.devices[0].group("Action")
        assert group is not None
        update = [update for update in self.seen.updates if update.group == group.index][-1]
        names = [point.path[-1] for point in group.points]
        return dict(zip(names, zip(update.values, update.states, strict=True), strict=True))

    async def until(self, name: str, value: Value) -> None:
        """Wait until a point of the Action group shows a value."""
        with anyio.fail_after(10):
            while self.shown[name] != value:
                self.seen.news = anyio.Event()
                await self.seen.news.wait()


def office(file: Path | None = None, clock: Clock | None = None, user_file: Path | None = None) -> Office:
    clock = SystemClock() if clock is None else clock
    description = DeviceDescription("", "", {"I1": ChannelSpec("%")}, actions=(START, STOP))
    site = build_site("plant", [("stack", "", description)])
    hub, seen, executor = Hub(site), Watched(), ToldExecutor()
    audit = AuditLog(None if file is None else AuditFile(file), clock)
    users = Users(OPERATORS, None if user_file is None else UserFile(user_file), clock)
    desk = OperatorDesk(users, audit, clock)
    device = site.devices[0]
    gates = ActionGates(device.actions, OPENED, OPERATORS, users.role_of)
    actions = AnalyserActions(device, gates, executor, hub, audit, clock)
    desk.take_charge(actions)
    hub.subscribe(desk)
    hub.subscribe(seen)
    freshness = Freshness("stack", ChannelProjector(device.groups[0], CHANNELS), hub, clock, 5.0)
    return Office(desk, actions, executor, freshness, audit, seen, site, clock)


@asynccontextmanager
async def opened(place: Office) -> AsyncIterator[Office]:
    """The office at work, with a reachable analyser; at the end it closes as it does in a gateway that stops."""
    async with anyio.create_task_group() as auditing:
        await auditing.start(lambda *, task_status: place.audit.run(task_status=task_status))
        async with anyio.create_task_group() as acting:
            acting.start_soon(place.actions.run)
            await anyio.wait_all_tasks_blocked()
            place.reachable()
            await anyio.wait_all_tasks_blocked()
            try:
                yield place
            finally:
                acting.cancel_scope.cancel()
        auditing.cancel_scope.cancel()
