"""What a running gateway can say about one point at this moment: value, bytes, stamp, state and the reason of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from gateway.errors import GatewayError, InputError
from gateway.model.points import DeviceSpec, PointGroup, SiteSpec
from gateway.model.quality import State
from gateway.model.sample import Sample
from gateway.model.stamp import Clock, Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.model.value_rules import Reason
from gateway.runtime.freshness import Freshness

PlainValue = float | int | bool | str | None
"""What JSON can carry of a value."""

_NUMBERS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Communication:
    """How it stands with the analyser of the point; times are UTC as ISO 8601.

    Attributes:
        state: State of the communication.
        since: When it began.
        failures: Failed reads and bad frames since the communication last became good.
        last_failure: The last of them, empty for none.
        last_failure_at: When that was.
    """

    state: str
    since: str
    failures: int
    last_failure: str = ""
    last_failure_at: str | None = None


@dataclass(frozen=True, slots=True)
class LivePoint:
    """One point at one moment, in types that JSON has; times are UTC as ISO 8601.

    Attributes:
        point: `analyser/path`.
        asked_at: The moment.
        value: Last value, of an array its beginning as text; OPC UA clients see none when `status_code` is Bad.
        state: `model.quality.State`.
        since: When the point came into that state; None before anything was received.
        reason: Why it is in that state.
        decided_by: Points of the same analyser whose flags decided, as paths.
        status_code: OPC UA StatusCode.
        status_name: Its name.
        limit_bits: Its limit bits: `none`, `low`, `high` or `constant`.
        alarm_status: EPICS STAT.
        alarm_severity: EPICS SEVR.
        stamp: Time stamp that clients see; None before anything was received.
        age_s: Seconds since.
        acquired: When the last good batch of the analyser arrived; None before the first, and for a counter.
        tick: Good batches of the analyser since the start.
        latency_s: From request to last byte; None for an analyser that talks unasked.
        raw: Bytes that carried the value, hexadecimal; empty for a point that is no value of a channel.
        sent_unit: Unit as the analyser sent it.
        communication: How it stands with the analyser.
        counters: The analyser's other groups of points: `Diagnostics`, `Address`, `Bus`.
    """

    point: str
    asked_at: str
    value: PlainValue
    state: str
    since: str | None
    reason: str
    decided_by: list[str]
    status_code: int
    status_name: str
    limit_bits: str
    alarm_status: str
    alarm_severity: str
    stamp: str | None
    age_s: float | None
    acquired: str | None
    tick: int | None
    latency_s: float | None
    raw: str
    sent_unit: str
    communication: Communication
    counters: dict[str, dict[str, PlainValue]]

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Self:
        """Read an answer of the control socket.

        Raises:
            GatewayError: It comes from a gateway of another version.
        """
        try:
            return cls(**{**answer, "communication": Communication(**answer["communication"])})
        except (KeyError, TypeError) as error:
            hint = "restart it, so that both are of one version"
            raise GatewayError("the running gateway explains its points in another way", hint=hint) from error


class Explainer:
    """Remembers the last Update of each group, and since when each point has been in its state; a `hub.Subscriber`.

    Args:
        site: Every point.
        analysers: Freshness of each analyser, by name.
        clock: Time.
    """

    def __init__(self, site: SiteSpec, analysers: Mapping[str, Freshness], clock: Clock) -> None:
        self._devices = {device.name: device for device in site.devices}
        self._analysers = analysers
        self._clock = clock
        self._last: list[Update | None] = [None] * len(site.groups)
        self._since: list[list[Stamp | None]] = [[None] * len(group.points) for group in site.groups]

    def apply(self, update: Update) -> None:
        """Take one Update; states are looked at one by one only when any of them changed."""
        last = self._last[update.group]
        if last is None or update.states != last.states:
            since = self._since[update.group]
            for index, state in enumerate(update.states):
                if last is None or state is not last.states[index]:
                    since[index] = update.stamp
        self._last[update.group] = update

    def explain(self, point: str) -> LivePoint:
        """Everything about one point.

        Args:
            point: `analyser/path`, such as `stack/I1/Value`.

        Raises:
            InputError: There is no such point.
        """
        device, group, index = self._find(point)
        freshness = self._analysers[device.name]
        update = self._last[group.index]
        now = self._clock.stamp()
        state = State.WAITING if update is None else update.states[index]
        quality = group.quality[state]
        acquired = group is device.groups[0]
        reason = freshness.reason(index) if acquired else _reason_of_counter(state)
        first = freshness.batch[0] if freshness.batch else None
        path = group.points[index].path
        tick = self._values(device.groups[0]).get(("Status", "Tick"))
        reading = next((one.reading for one in freshness.batch or () if acquired and _tells_of(one, path)), None)
        since = self._since[group.index][index]
        return LivePoint(
            point=point,
            asked_at=_utc(now),
            value=None if update is None else _plain(update.values[index]),
            state=state.value,
            since=None if since is None else _utc(since),
            reason=reason.text,
            decided_by=["/".join(flag) for flag in reason.decided_by],
            status_code=quality.status_code,
            status_name=quality.status_name,
            limit_bits=quality.limit.name.lower(),
            alarm_status=quality.status.name,
            alarm_severity=quality.severity.name,
            stamp=None if update is None else _utc(update.stamp),
            age_s=None if update is None else (now.monotonic_ns - update.stamp.monotonic_ns) / 1e9,
            acquired=_utc(Stamp.from_utc(first.received_at, first.monotonic_ns)) if first and acquired else None,
            tick=tick if isinstance(tick, int) else None,
            latency_s=first.latency_s if first and acquired else None,
            raw=reading.raw.hex(" ") if reading is not None else "",
            sent_unit=reading.unit if reading is not None else "",
            communication=_communication(freshness),
            counters={
                other.name: {path[-1]: _plain(value) for path, value in self._values(other).items()}
                for other in device.groups[1:]
            },
        )

    async def answer(self, request: Mapping[str, object]) -> AsyncGenerator[Mapping[str, object], None]:
        """The verb `explain` of the control socket: `point` in, one answer out.

        Raises:
            InputError: There is no such point.
        """
        yield asdict(self.explain(str(request.get("point"))))

    def _find(self, point: str) -> tuple[DeviceSpec, PointGroup, int]:
        name, _, path = point.partition("/")
        for group in self._devices[name].groups if name in self._devices else ():
            for index, spec in enumerate(group.points):
                if spec.browse_path == path:
                    return self._devices[name], group, index
        hint = "it was started with other settings; restart it"
        raise InputError(f"the running gateway has no point '{point}'", hint=hint)

    def _values(self, group: PointGroup) -> dict[tuple[str, ...], Value]:
        update = self._last[group.index]
        return {} if update is None else dict(zip((one.path for one in group.points), update.values, strict=True))


def _plain(value: Value) -> PlainValue:
    if not isinstance(value, memoryview):
        return value
    first = ", ".join(f"{number:g}" for number in value[:_NUMBERS_SHOWN].tolist())
    return f"{len(value)} numbers: {first}" + (" ..." if len(value) > _NUMBERS_SHOWN else "")


def _tells_of(sample: Sample, path: tuple[str, ...]) -> bool:
    """Whether a point shows what that Sample says: the value of its channel, or a point of its own."""
    return path == (sample.channel, "Value") or "/".join(path) == sample.channel


def _utc(stamp: Stamp) -> str:
    return stamp.utc.isoformat(timespec="microseconds")


def _reason_of_counter(state: State) -> Reason:
    return Reason("nothing to show yet" if state is State.WAITING else "kept by the gateway itself")


def _communication(freshness: Freshness) -> Communication:
    failure = freshness.failure
    return Communication(
        freshness.state.value,
        _utc(freshness.since),
        freshness.failures,
        "" if failure is None else failure.text,
        None if failure is None else _utc(failure.stamp),
    )
