"""Values that prove where and when they were measured, and the judge that reads the proof off what is published.

Each channel of each analyser is a saw tooth in a range of its own, under a name of its own, with a set of alarms of its
own. Range, name and alarms say which analyser and which channel a register or a discrete input belongs to, the place on
the saw tooth says when it was measured. What belongs to another register, to another address or to an older request is
therefore seen as what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import anyio

from gateway.model.points import SiteSpec
from gateway.model.quality import QUALITY
from gateway.model.site_builder import CHANNEL_FLAGS
from gateway.model.stamp import Clock
from gateway.model.update import Update
from gateway.simulator.faults import ALARMS, Fault
from gateway.simulator.instrument import Instrument
from gateway.simulator.settings import ChannelSettings
from gateway.simulator.signals import Ramp
from gateway.streaming.summary import AcquisitionSummary

CHANNELS = ("I1", "I3", "D1")
"""No neighbours, so that an analyser that refuses broad reads is asked for them by reads of the same shape."""

PERIOD_S = 20.0
_SPAN = 10.0
_FIRST_ALARM = 2 + [flag for flag, _meaning, _text in CHANNEL_FLAGS].index("Alarm1")
_RESOLUTION_S = 0.004
"""Of a value with three decimals, twice."""


def channel_settings(device: int) -> Mapping[str, ChannelSettings]:
    """Channels of the device-th analyser."""
    return {
        channel: ChannelSettings(channel_name(device, channel), "%", 3, Ramp(low, low + _SPAN, PERIOD_S))
        for channel, low in zip(CHANNELS, _lows(device), strict=True)
    }


def channel_alarms(device: int, channel: str) -> tuple[bool, ...]:
    """Which of the four alarms are up: a number in binary digits."""
    number = len(CHANNELS) * device + CHANNELS.index(channel) + 1
    return tuple(bool(number >> digit & 1) for digit in range(len(ALARMS)))


def alarms(device: int) -> tuple[Fault, ...]:
    """The alarms of the device-th analyser."""
    return tuple(
        Fault(alarm, channel)
        for channel in CHANNELS
        for alarm, up in zip(ALARMS, channel_alarms(device, channel), strict=True)
        if up
    )


def channel_name(device: int, channel: str) -> str:
    """Name that the analyser gives the channel."""
    return f"{channel} no{device}"


def _lows(device: int) -> Iterable[float]:
    return (_SPAN * (len(CHANNELS) * device + place) for place in range(len(CHANNELS)))


@dataclass
class _Witness:
    """What is known of one analyser.

    Attributes:
        first_point: Index of each channel's value in an Update of the analyser.
        poll_ended_ns: When its last poll ended, good or not; what the next one publishes was measured after it.
        taken_ns: When what was published last was measured.
        good_ns: Stamp of its last good batch, 0 before the first.
        shows_good: Whether the last Update was good.
    """

    device: int
    instrument: Instrument
    summary: AcquisitionSummary
    first_point: Mapping[str, int]
    emitted: int = 0
    poll_ended_ns: int = 0
    taken_ns: int = 0
    good_ns: int = 0
    shows_good: bool = False


class Evidence:
    """Subscribes to the hub and judges every value whose quality is good.

    Polled: measured after the poll before had ended. Unasked: never older than what was published before, and not
    older than `slack_s`, unless the wire has been holding frames back; nothing in a frame says that it did.

    Attributes:
        wrong: What was wrong, in words; empty as long as all is right.
        held_since_ns: When the wire began to hold frames back; None when it does not.
    """

    def __init__(
        self,
        site: SiteSpec,
        instruments: Iterable[Instrument],
        summaries: Iterable[AcquisitionSummary],
        clock: Clock,
        *,
        polled: bool,
        slack_s: float,
    ) -> None:
        self.wrong: list[str] = []
        self.held_since_ns: int | None = None
        self._clock = clock
        self._polled = polled
        self._slack_ns = round(slack_s * 1e9)
        self._published = anyio.Event()
        self._witnesses: dict[int, _Witness] = {}
        parts = zip(site.devices, instruments, summaries, strict=True)
        for number, (device, instrument, summary) in enumerate(parts):
            paths = [point.path for point in device.groups[0].points]
            first = {channel: paths.index((channel, "Value")) for channel in CHANNELS}
            self._witnesses[device.groups[0].index] = _Witness(number, instrument, summary, first)

    def good_ns(self, device: int) -> int:
        """Stamp of the last good batch of an analyser, 0 before the first."""
        return self._of(device).good_ns

    def shows_good(self, device: int) -> bool:
        """Whether clients see good values of an analyser now."""
        return self._of(device).shows_good

    def _of(self, device: int) -> _Witness:
        return next(witness for witness in self._witnesses.values() if witness.device == device)

    async def published(self) -> None:
        """Wait for the next batch, good or not."""
        await self._published.wait()

    def apply(self, update: Update) -> None:
        """See `runtime.hub.Subscriber`."""
        witness = self._witnesses.get(update.group)
        if witness is None:
            return
        published, self._published = self._published, anyio.Event()
        published.set()
        good = [QUALITY[update.states[place]].status_code == 0 for place in witness.first_point.values()]
        witness.shows_good = all(good)
        if any(good) and witness.summary.samples_emitted > witness.emitted:
            self._judge(witness, update)
            witness.good_ns = update.stamp.monotonic_ns if all(good) else witness.good_ns
        elif any(good):
            self._blame(witness, "a good value is published again without a poll")
        if witness.summary.samples_emitted > witness.emitted:
            witness.emitted = witness.summary.samples_emitted
            witness.poll_ended_ns = self._clock.monotonic_ns()

    def _judge(self, witness: _Witness, update: Update) -> None:
        lows = dict(zip(CHANNELS, _lows(witness.device), strict=True))
        for channel, place in witness.first_point.items():
            value, name = update.values[place], update.values[place + 1]
            if name != channel_name(witness.device, channel):
                self._blame(witness, f"{channel} is called {name!r}")
            shown = tuple(update.values[place + _FIRST_ALARM : place + _FIRST_ALARM + len(ALARMS)])
            if shown != channel_alarms(witness.device, channel):
                self._blame(witness, f"{channel} shows the alarms {shown}")
            if not isinstance(value, float) or not lows[channel] <= value < lows[channel] + _SPAN:
                self._blame(witness, f"{channel} shows {value!r}, outside of its range from {lows[channel]}")
                continue
            self._judge_time(witness, channel, self._taken_ns(witness, value - lows[channel]), update)

    def _taken_ns(self, witness: _Witness, height: float) -> int:
        """Latest instant at which the saw tooth was that high."""
        switched_on_ns = witness.instrument._switched_on_ns
        now_s = (self._clock.monotonic_ns() - switched_on_ns) / 1e9
        place_s = height / _SPAN * PERIOD_S
        teeth = (now_s + _RESOLUTION_S - place_s) // PERIOD_S
        return switched_on_ns + round((teeth * PERIOD_S + place_s) * 1e9)

    def _judge_time(self, witness: _Witness, channel: str, taken_ns: int, update: Update) -> None:
        tolerance_ns = round(_RESOLUTION_S * 1e9)
        late_ms = (update.stamp.monotonic_ns - taken_ns) / 1e6
        if self._polled:
            if taken_ns < witness.poll_ended_ns - tolerance_ns:
                before_ms = (witness.poll_ended_ns - taken_ns) / 1e6
                self._blame(witness, f"{channel} was measured {before_ms:.1f} ms before the last poll had ended")
            return
        if taken_ns < witness.taken_ns - tolerance_ns:
            self._blame(witness, f"{channel} is older than what was published before it")
        held_ns = 0 if self.held_since_ns is None else self._clock.monotonic_ns() - self.held_since_ns
        if update.stamp.monotonic_ns - taken_ns > held_ns + self._slack_ns:
            self._blame(witness, f"{channel} was measured {late_ms:.0f} ms before its stamp")
        witness.taken_ns = max(witness.taken_ns, taken_ns)

    def _blame(self, witness: _Witness, what: str) -> None:
        self.wrong.append(f"analyser {witness.device}, batch {witness.summary.samples_emitted}: {what}")
