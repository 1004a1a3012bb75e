"""What goes wrong in the course of a day: seeded episodes, and scripts of analysers that live through them."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import DeviceTimeoutError, LinkError, ProtocolError
from gateway.testing import scripted_broadcast, scripted_source
from gateway.testing.virtual_clock import VirtualClock

CALM_S = 120.0
"""Nothing goes wrong at the end, so that the fate of every slot is known."""


class FaultKind(StrEnum):
    """Kinds of episodes."""

    TIMEOUT = "no answer in time"
    LINK_DOWN = "cable pulled"
    SLOW = "slow answers"
    HANG = "one answer takes for ever"
    SILENT = "no word"
    DAMAGED = "bad checksum"
    DRIVER = "a bug"


@dataclass(frozen=True)
class Episode:
    """One trouble."""

    kind: FaultKind
    start_s: float
    end_s: float


class FaultPlan:
    """The episodes of one analyser.

    Args:
        seed: Decides everything.
        kinds: What can go wrong.
        day_s: Length of the day.
    """

    def __init__(self, seed: int, kinds: Sequence[FaultKind], day_s: float) -> None:
        self.random = random.Random(seed)
        self.episodes: list[Episode] = []
        at_s = self.random.choice((0.0, 30.0))
        while True:
            length_s = self.random.choice((1.5, 8.0, 20.0, 300.0)) * self.random.uniform(0.5, 1.5)
            if at_s + length_s > day_s - CALM_S:
                break
            self.episodes.append(Episode(self.random.choice(kinds), at_s, at_s + length_s))
            at_s += length_s + self.random.choice((2.0, 20.0, 300.0)) * self.random.uniform(0.5, 1.5)
        self._starts = [episode.start_s for episode in self.episodes]

    def at(self, second: float) -> Episode | None:
        """The episode of this moment, None while all is well."""
        found = bisect_right(self._starts, second) - 1
        return self.episodes[found] if found >= 0 and second < self.episodes[found].end_s else None


def polled_script(plan: FaultPlan, clock: VirtualClock) -> Callable[[int], scripted_source.Step]:
    """Polls of an analyser that answers when asked."""
    uniform = plan.random.uniform

    def step(_poll: int) -> scripted_source.Step:
        now_s = clock.monotonic_ns() / 1e9
        episode = plan.at(now_s)
        match episode.kind if episode is not None else None:
            case FaultKind.TIMEOUT | FaultKind.SILENT:
                return uniform(0.3, 2.5), DeviceTimeoutError("no answer")
            case FaultKind.LINK_DOWN:
                return LinkError("no connection")
            case FaultKind.SLOW:
                return uniform(0.9, 3.9)
            case FaultKind.HANG:
                assert episode is not None
                left_s = episode.end_s - now_s
                return left_s if uniform(0, 1) < 0.5 else (left_s, DeviceTimeoutError("no answer"))
            case FaultKind.DAMAGED:
                return uniform(0.02, 0.2), ProtocolError("bad checksum")
            case FaultKind.DRIVER:
                return ZeroDivisionError(f"bug {round(uniform(0, 3))}")
        return uniform(0.02, 0.2)

    return step


def frames(plan: FaultPlan, clock: VirtualClock) -> Callable[[int], Iterator[scripted_broadcast.Step]]:
    """Frames of an analyser that talks every second, up to a tenth of a second early or late."""

    def opening(_number: int) -> Iterator[scripted_broadcast.Step]:
        now_s = clock.monotonic_ns() / 1e9
        second = int(now_s)
        while True:
            episode = plan.at(max(now_s, float(second)))
            kind = None if episode is None else episode.kind
            if kind is FaultKind.LINK_DOWN:
                yield max(now_s, float(second)), LinkError("no connection")
            frame_s = second + 0.5 + plan.random.uniform(-0.1, 0.1)
            second += 1
            if frame_s < now_s or kind is FaultKind.SILENT:
                continue
            if kind is FaultKind.DAMAGED:
                yield frame_s, ProtocolError("bad checksum")
            elif kind is FaultKind.DRIVER:
                yield frame_s, ZeroDivisionError("a bug")
            else:
                yield frame_s

    return opening
