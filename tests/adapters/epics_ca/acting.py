"""A site with open actions, a desk that only takes notes, and time that passes when told."""

from __future__ import annotations

import anyio

from gateway.model.access import AccessRecord
from gateway.model.actions import ACTION_POINTS, ActionArgument, ActionRequest, ActionSpec
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.stamp import Stamp
from gateway.ports import UserDirectory

BEGIN_US = 1_700_000_000_000_000
START, BLOWBACK = "T:stack:Action:StartAutocalibration", "T:stack:Action:Blowback"
CONFIRM = "T:stack:Action:Confirm"
MEASURED = "T:stack:I1"

ACTIONS = (
    ActionSpec(
        "StartAutocalibration",
        "Starts the autocalibration of a group",
        (ActionArgument("Group", "Autocalibration group", 1, 4),),
    ),
    ActionSpec("Blowback", "Blows the probe back"),
    ActionSpec("Pair", "Two numbers do not fit into one put", (ActionArgument("A", "", 0, 1),) * 2),
)
ACTING_SITE = SiteSpec(
    "works",
    (
        DeviceSpec(
            "stack",
            "Stack",
            "Servomex",
            "4100",
            (
                PointGroup(0, "stack", (PointSpec(("I1", "Value"), ValueKind.FLOAT, "Oxygen"),), "Acquired"),
                PointGroup(1, "stack", ACTION_POINTS, "Action"),
            ),
            ACTIONS,
        ),
    ),
)


class ManualClock:
    """Time that passes by `advance` alone."""

    def __init__(self) -> None:
        self._now = 0
        self._moved = anyio.Event()

    def monotonic_ns(self) -> int:
        return self._now

    def stamp(self) -> Stamp:
        return Stamp(self._now, BEGIN_US + self._now // 1000)

    async def sleep_until(self, monotonic_ns: int) -> None:
        await anyio.lowlevel.checkpoint()
        while self._now < monotonic_ns:
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        self._now += round(seconds * 1e9)
        self._moved.set()
        self._moved = anyio.Event()


class RecordingDesk:
    """Takes every request down.

    Attributes:
        requests: In the order in which they came.
        notes: What was listed in the audit log.
        trouble: What to raise, if anything.
        begun: Set when a request has come.
        go: An action ends only when this is set.
        ended: How each action ended: `done`, `failed` or `cancelled`.
    """

    def __init__(self) -> None:
        self.requests: list[ActionRequest] = []
        self.notes: list[AccessRecord] = []
        self.trouble: Exception | None = None
        self.begun = anyio.Event()
        self.go = anyio.Event()
        self.go.set()
        self.ended: list[str] = []

    def hold(self) -> None:
        self.go = anyio.Event()

    @property
    def users(self) -> UserDirectory:
        raise AssertionError("Channel Access has no passwords")

    def note(self, record: AccessRecord) -> None:
        self.notes.append(record)

    async def invoke(self, request: ActionRequest) -> str:
        self.requests.append(request)
        self.begun.set()
        try:
            await self.go.wait()
        except anyio.get_cancelled_exc_class():
            self.ended.append("cancelled")
            raise
        if self.trouble is not None:
            self.ended.append("failed")
            raise self.trouble
        self.ended.append("done")
        return "done"
