"""Doors of the southbound side: what a driver is, and what it may offer beyond that."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from gateway.model.actions import ActionSpec, ArgumentValue
from gateway.model.device_description import DeviceDescription
from gateway.model.discovery import Identity
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.stamp import Clock, Stamp
from gateway.model.wire_time import WireExchange
from gateway.ports.wires import LinkOpener, ModbusBus


@runtime_checkable
class PollSource(Protocol):
    """An instrument that answers when asked."""

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        """One batch: a Sample per channel in the order of the DeviceSpec; of described points, those that were read."""
        ...


class BroadcastSource(Protocol):
    """An instrument that talks unasked."""

    def batches(self) -> AsyncGenerator[Sequence[Sample], None]:
        """Open the wire and yield one batch per frame; a bad frame is a batch of one error Sample.

        Raises:
            LinkError: The wire is gone or cannot be opened.
        """
        ...


@runtime_checkable
class ActionExecutor(Protocol):
    """Carries out the actions of one analyser. Arguments are already checked against the ActionSpec."""

    async def perform(self, action: str, arguments: Sequence[ArgumentValue]) -> str:
        """Carry out one action; returns what became of it, in words.

        Raises:
            GatewayError: The analyser refused it or could not be reached.
        """
        ...

    async def leftovers(self) -> Sequence[str]:
        """What earlier commands left behind on the analyser and what would make a new one fail; changes nothing."""
        ...


@runtime_checkable
class ActionDriver(Protocol):
    """A driver whose instruments can be made to do something."""

    def actions(self, settings: object, protocol: ProtocolKind) -> Sequence[ActionSpec]:
        """Every action of such an analyser, whether the settings open it or not."""
        ...


@runtime_checkable
class WireActionDriver(ActionDriver, Protocol):
    """One whose actions go over a bus."""

    def executor(self, device: str, settings: object, bus: ModbusBus) -> ActionExecutor:
        """The one who carries them out."""
        ...


@runtime_checkable
class ExplainingDriver(Protocol):
    """A driver that can say where each of its points comes from."""

    def origin(self, settings: object, protocol: ProtocolKind, path: tuple[str, ...]) -> str:
        """Register or frame field of one point and how it is decoded, in one or two sentences; empty if unknown."""
        ...


class FrameRecogniser(Protocol):
    """Looks for the frames of one family of instruments in what is heard on a wire. A new one for each opening."""

    @property
    def longest_frame(self) -> int:
        """Bytes of the longest frame there is."""
        ...

    def feed(self, data: bytes, stamp: Stamp) -> Identity | None:
        """Take bytes that arrived; what the last frame they complete says, None when they complete none.

        Only a frame whose checksum holds counts.
        """
        ...


@runtime_checkable
class DiscoverableDriver(Protocol):
    """A driver whose instruments can be found on a wire that nobody has described. Nothing but reads may be sent."""

    def recogniser(self, assumed_interval_s: float) -> FrameRecogniser | None:
        """A recogniser of instruments that talk unasked; None when this family does not.

        Args:
            assumed_interval_s: Seconds between frames until two of them have shown it.
        """
        ...

    async def identify(self, bus: ModbusBus, address: int) -> Identity | None:
        """Ask the instrument at an address what it is; None when it is none of this family.

        Raises:
            GatewayError: As the calls of the bus do, but for refusals that only say that there is no such register.
        """
        ...


class Driver(Protocol):
    """What a registry line of an instrument family leads to. Importing it must not import an engine.

    It is a `WireDriver`, a `LocalDriver`, or both.
    """

    @property
    def settings(self) -> type:
        """Frozen dataclass of the keys that an analyser entry of this driver has beside the common ones."""
        ...

    @property
    def protocols(self) -> frozenset[ProtocolKind]:
        """Wire protocols the instrument speaks; `ProtocolKind.LOCAL` for one that is on no bus."""
        ...

    def check(self, settings: object, protocol: ProtocolKind) -> Sequence[tuple[tuple[str, ...], str]]:
        """Problems that types alone do not show: key path inside the entry, and what is wrong with its remedy."""
        ...

    def describe(self, settings: object, protocol: ProtocolKind) -> DeviceDescription:
        """What the analyser looks like, from the settings alone."""
        ...


@runtime_checkable
class TemplatedDriver(Driver, Protocol):
    """A driver whose settings may begin with a file per instrument model, which their key `template` names."""

    @property
    def templates(self) -> Path:
        """Folder of the templates that come with it."""
        ...


@runtime_checkable
class WireDriver(Driver, Protocol):
    """A driver of instruments on a bus."""

    def exchanges(self, settings: object, protocol: ProtocolKind) -> Sequence[WireExchange]:
        """Bytes of one sweep, or of one broadcast frame, for the time budget of the bus."""
        ...

    def poll(self, device: str, settings: object, bus: ModbusBus) -> PollSource:
        """An analyser on a Modbus wire."""
        ...

    def listen(self, device: str, settings: object, wire: LinkOpener) -> BroadcastSource:
        """An analyser that talks unasked."""
        ...


class LocalSource(BroadcastSource, Protocol):
    """An instrument that a library or the operating system reaches; a batch may hold a part of its points alone.

    One that is an `ActionExecutor` as well carries out the actions of its analyser.
    """

    @property
    def counters(self) -> object:
        """Has the attributes of `DeviceDescription.counters`, live."""
        ...


@runtime_checkable
class LocalDriver(Driver, Protocol):
    """A driver of instruments that are on no bus."""

    def connect(self, device: str, settings: object, rate_hz: float, clock: Clock) -> LocalSource:
        """The instrument; nothing is opened before its batches are asked for.

        Args:
            device: Name of the analyser.
            settings: Instance of `settings`.
            rate_hz: `rate_hz` of the analyser; a driver whose description has a `frame_interval_s` does without.
            clock: Time.
        """
        ...
