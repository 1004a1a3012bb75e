"""From the payloads of a library to batches of Samples."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.drivers.library.channel_readings import readings, stamp_of, unreadable
from gateway.drivers.library.counters import LibraryCounters
from gateway.drivers.library.failures import Cause, cause_of, told
from gateway.drivers.library.payload import Failure, Observation, what_it_says
from gateway.drivers.library.settings import LibraryChannel, LibrarySettings
from gateway.drivers.library.values import row_of
from gateway.drivers.library.words import channel_status
from gateway.model.points import ValueKind
from gateway.model.readings import ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.stamp import Stamp

_MOST_NAMES_LISTED = 20
MISSED_READS = 5
MISSED_S = 15.0
"""So many payloads without a value, for so long, make the connection suspect: some libraries never say that it is gone,
and only opening it again brings it back."""


class Batches:
    """Turns payloads into batches; it remembers what came last, and which device each channel came from.

    Args:
        device: Name of the analyser.
        settings: Its settings.
        counters: Where repeats and failures are counted.

    Attributes:
        lost: Whether the instrument has to be opened again: the last payload said nothing but that the connection is
            gone, or no payload has held a value for too long.
    """

    def __init__(self, device: str, settings: LibrarySettings, counters: LibraryCounters) -> None:
        self._device = device
        self._channels = settings.channels
        self._names = {name: channel.name or name for name, channel in settings.channels.items()}
        self._meanings = {word.casefold(): meaning for word, meaning in settings.flags.items()}
        self._counters = counters
        self._last_ns: dict[str, int] = {}
        self._origins: dict[str, str] = {}
        self._reported: set[str] = set()
        self._cut: set[str] = set()
        self._log = logging.getLogger(f"gateway.analyser.{device}")
        self._read_ns = 0
        self._missed = 0
        self.lost = False

    def begin(self, now_ns: int) -> None:
        """From now on, or from now on again, values are expected."""
        self._read_ns, self._missed, self.lost = now_ns, 0, False

    def take(self, payload: object, arrival: Stamp) -> list[Sample]:
        """The batch of one payload; empty when it says nothing that is new.

        A payload without any value is a failed read: some libraries say why, and some leave out what they cannot read.

        Args:
            payload: As the library delivers it.
            arrival: When it did; the stamp of what has no time of its own.
        """
        said = list(what_it_says(payload))
        failures = {one.device: one.error for one in said if isinstance(one, Failure)}
        observations = [one for one in said if isinstance(one, Observation)]
        self._counters.failures += len(failures)
        if not observations:
            self._missed += 1
            waited_ns = arrival.monotonic_ns - self._read_ns
            hopeless = self._missed >= MISSED_READS and waited_ns >= MISSED_S * 1e9
            self.lost = hopeless or Cause.CONNECTION in map(cause_of, failures.values())
            return [self._failed(failures, arrival)]
        self.begin(arrival.monotonic_ns)
        named = self._named(observations)
        wanted = {name: named[said_as] for name, said_as in self._names.items() if said_as in named}
        repeated = self._repeated(wanted.values())
        batch: list[Reading] = []
        stamps: list[Stamp] = []
        for name, channel in self._channels.items():
            one = wanted.get(name)
            if one is None:
                if self._origin(name) in failures:
                    batch.extend(unreadable(name, channel, self._names[name]))
            elif one.full_name not in repeated:
                self._origins[name] = one.device
                stamps.append(stamp_of(one, arrival))
                batch.extend(self._told_by(one, name, channel))
        stamp = max(stamps, default=arrival)
        return [self._sample(reading, stamp) for reading in batch]

    def _origin(self, name: str) -> str:
        """Device that a channel came from, or else the one in its name."""
        return self._origins.get(name, self._names[name].rpartition("/")[0])

    def _named(self, observations: Sequence[Observation]) -> Mapping[str, Observation]:
        """Each observation by its name with its device, and by its name alone where that is enough."""
        named: dict[str, Observation] = {}
        shared: set[str] = set()
        for one in observations:
            if one.name in named:
                shared.add(one.name)
            named[one.name] = named[one.full_name] = one
        for name in shared:
            del named[name]
        if named:
            names = {one.full_name if one.name in shared else one.name for one in observations}
            self._report_missing(set(named), sorted(names))
        return named

    def _report_missing(self, known: set[str], names: Sequence[str]) -> None:
        """Say once of each channel that the library does not deliver it, and what it does deliver."""
        missing = sorted(set(self._names.values()) - known - self._reported)
        if missing:
            self._reported.update(missing)
            listed = ", ".join(names[:_MOST_NAMES_LISTED]) + (" ..." if len(names) > _MOST_NAMES_LISTED else "")
            what = "the library delivers no %s, but %s; correct `name` unless it comes now and then"
            self._log.warning(f"%s: {what}", self._device, ", ".join(missing), listed)

    def _repeated(self, observations: Iterable[Observation]) -> set[str]:
        """Those whose time has not moved on: an old value, shown once more."""
        times = {one.full_name: one.monotonic_ns for one in observations if one.monotonic_ns is not None}
        repeated = {name for name, monotonic_ns in times.items() if self._last_ns.get(name) == monotonic_ns}
        self._last_ns |= times
        self._counters.repeated += len(repeated)
        return repeated

    def _told_by(self, one: Observation, name: str, channel: LibraryChannel) -> Iterator[Reading]:
        row = row_of(one.value) if channel.kind is ValueKind.FLOAT else None
        if row is not None and channel.length is not None and row.size > channel.length and name not in self._cut:
            self._cut.add(name)
            what = "the block has %d samples, of which %d are served; correct `length`"
            self._log.warning(f"%s: %s: {what}", self._device, name, row.size, channel.length)
        return readings(name, channel, one, row, channel_status(one.words, self._meanings))

    def _failed(self, failures: Mapping[str, object], arrival: Stamp) -> Sample:
        """An analyser of which nothing could be read."""
        device, error = next(iter(failures.items()), ("", None))
        return Sample(
            device=self._device,
            channel=None,
            reading=None,
            protocol=ProtocolKind.LOCAL,
            monotonic_ns=arrival.monotonic_ns,
            received_at=arrival.utc,
            error=told(error, "/".join(filter(None, (self._device, device)))),
        )

    def _sample(self, reading: Reading, stamp: Stamp) -> Sample:
        return Sample(
            device=self._device,
            channel=reading.channel,
            reading=reading,
            protocol=ProtocolKind.LOCAL,
            monotonic_ns=stamp.monotonic_ns,
            received_at=stamp.utc,
        )
