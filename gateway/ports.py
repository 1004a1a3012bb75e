"""The architecture on one page: the doors between the layers.

```
wire bytes -> driver (pure decode) -> recorder (tick, stamp, counters) -> hub -> adapter.apply(update) -> client
```
A driver sees a bus or a byte link, never a port or a socket. An adapter sees a SiteSpec and Updates, never a driver.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from gateway.model.access import AccessRecord, Place
from gateway.model.actions import ActionRequest, ActionSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.discovery import Identity
from gateway.model.points import SiteSpec, Value
from gateway.model.quality import Quality
from gateway.model.readings import ProtocolKind
from gateway.model.role import Role
from gateway.model.sample import Sample
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.user import KnownUser
from gateway.model.wire_time import WireExchange

if TYPE_CHECKING:
    from anyio.abc import TaskStatus  # anyio costs 20 ms that `check` and `describe` need not pay


class Adapter(Protocol):
    """Northbound side: turns Updates into variable updates on one protocol.

    Built from a SiteSpec before any input or output; every point then shows State.WAITING.
    """

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What clients connect to, as text; known once `serve` has reported that it started."""
        ...

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        """Serve clients until cancelled; call `task_status.started()` once they can connect.

        Raises:
            AdapterError: The server cannot start.
        """
        ...

    def apply(self, update: Update) -> None:
        """Show one Update. Never suspends, so that clients see a tick as a whole; never raises for a client's fault."""
        ...


@dataclass(frozen=True, slots=True)
class ServedName:
    """What one point is called on one protocol.

    Attributes:
        device: Name of the analyser.
        path: `PointSpec.path`.
        name: NodeId or PV name.
    """

    device: str
    path: tuple[str, ...]
    name: str


class AdapterKind(Protocol):
    """What a registry line of a northbound protocol leads to. Importing it must not import the protocol's engine."""

    @property
    def settings(self) -> type:
        """Frozen dataclass of its section in the settings file; every field has a default."""
        ...

    def names(self, site: SiteSpec, settings: object) -> Sequence[ServedName]:
        """Every name this adapter will serve, in the order of the site.

        Raises:
            SettingsError: A name is too long, malformed or given twice.
        """
        ...

    def create(self, site: SiteSpec, settings: object) -> Adapter:
        """Build the adapter; this may import the engine."""
        ...

    async def probe(self, settings: object) -> str:
        """Ask the running server on this host for a sign of life, without the engine; returns its address.

        Raises:
            OSError: Nobody listens, or the connection broke.
            ValueError: Something else answered.
        """
        ...


@runtime_checkable
class SettingsWithFiles(Protocol):
    """Settings of an adapter that name files or folders."""

    def beside(self, folder: Path) -> object:
        """The same settings with every relative path in them taken from `folder`, that of the settings file."""
        ...


@runtime_checkable
class CheckingKind(Protocol):
    """An adapter kind whose settings can be wrong in ways that the settings alone do not show."""

    def check(self, site: SiteSpec, settings: object) -> None:
        """Look at what the settings name, such as files; nothing is started.

        Raises:
            SettingsError: What is wrong, each with its remedy behind a semicolon.
        """
        ...


@runtime_checkable
class GuardedKind(Protocol):
    """A northbound protocol that can be closed to clients without a user."""

    def needs_users(self, settings: object) -> bool:
        """Whether these settings let in nobody but users who prove who they are."""
        ...


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """How the certificates of a server stand.

    Attributes:
        right: What is as it should be.
        troubles: What is not, each with its remedy.
    """

    right: tuple[str, ...]
    troubles: tuple[tuple[str, str], ...]


@runtime_checkable
class CertifiedKind(Protocol):
    """A northbound protocol whose servers and clients know each other by certificates."""

    def certificates(self, settings: object) -> CertificateReport:
        """Look at the files of a server with these settings, running or not; changes nothing. Blocks."""
        ...


@dataclass(frozen=True, slots=True)
class ReadBack:
    """One point as a client of one protocol sees it.

    Attributes:
        value: Its value, None where the protocol carries none.
        unix_us: Its time stamp, UTC in microseconds since 1970.
        status_code: OPC UA StatusCode with its limit bits, None where the protocol has none.
        alarm: EPICS STAT and SEVR, None where the protocol has none.
    """

    value: Value
    unix_us: int
    status_code: int | None = None
    alarm: tuple[int, int] | None = None

    def shows(self, quality: Quality) -> bool:
        """Whether a state of that quality looks like this on the protocol."""
        if self.status_code is not None and self.status_code != quality.status_code:
            return False
        return self.alarm is None or self.alarm == (quality.status, quality.severity)


@runtime_checkable
class SelfReadingKind(Protocol):
    """A northbound protocol that can be tried out on this host alone, and be read as its clients would read it."""

    def listening(self, settings: object) -> Sequence[tuple[str, int]]:
        """Host and TCP port of every socket that these settings open; port 0 takes a free one."""
        ...

    def on_loopback(self, settings: object, folder: Path) -> object:
        """The same settings for a server that only this host can reach, on a free port, and that calls nobody.

        Args:
            settings: Of the server to be.
            folder: Empty, and for the server alone as long as it runs.
        """
        ...

    async def read_back(self, endpoint: str, names: Sequence[str], folder: Path) -> Sequence[ReadBack]:
        """Read points of a server that runs with `on_loopback` settings, in every way in which a client can come.

        Args:
            endpoint: The first of `Adapter.endpoints`.
            names: `ServedName.name` of the points.
            folder: That of `on_loopback`.

        Raises:
            AdapterError: The server cannot be reached, or has no such point.
        """
        ...


class UserDirectory(Protocol):
    """Who may log in, and what they may do. It is the same for all adapters and may change while they serve."""

    @property
    def can_log_in(self) -> bool:
        """Whether anybody could ever log in by name; without, an adapter need not offer it."""
        ...

    async def by_password(self, name: str, read_password: Callable[[], str], place: Place) -> KnownUser:
        """Who a password proves. Guessing is slowed down, and nobody learns from the time whether a name exists.

        Args:
            name: As the client gives it.
            read_password: Returns the password, and raises what it likes; called in a worker thread.
            place: Where the client is.

        Raises:
            LoginRefusedError: It is wrong, or was not looked at because of wrong ones before; `LoginBusyError` when
                too many others are waiting.
        """
        ...

    async def by_certificate(self, thumbprint: str) -> KnownUser:
        """Whose certificate this is. That the client holds its key, and that it is trusted, is for the adapter to see.

        Args:
            thumbprint: SHA-256 in lower-case hexadecimal.

        Raises:
            LoginRefusedError: It belongs to nobody who may log in.
        """
        ...

    def is_current(self, user: KnownUser) -> bool:
        """Whether somebody who has logged in could do so again now, by the same proof and with the same role."""
        ...

    def members(self, role: Role) -> Sequence[str]:
        """Names of those who have exactly this role at present."""
        ...

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener whenever something has changed; returns what ends it."""
        ...


class ActionDesk(Protocol):
    """Where an adapter takes the wishes of its clients. It checks, carries out and writes the audit log."""

    @property
    def users(self) -> UserDirectory:
        """Who may log in."""
        ...

    def note(self, record: AccessRecord) -> None:
        """List in the audit log that somebody came, went or was turned away. Never suspends; floods are bounded."""
        ...

    async def invoke(self, request: ActionRequest) -> str:
        """Carry out one action; returns what became of it, in words.

        Raises:
            ActionNotNowError: It would be allowed, but not at this moment. Nothing was sent.
            ActionRefusedError: It is not open, not confirmed, not authorised, or its arguments are out of range.
                Nothing was sent.
            GatewayError: The analyser refused it or could not be reached.
        """
        ...


@runtime_checkable
class OffersActions(Protocol):
    """An adapter whose clients can ask for actions. `offer` is called once, before `serve`."""

    def offer(self, desk: ActionDesk) -> None:
        """Take the desk; `DeviceSpec.actions` says what is open."""
        ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """One completed Modbus transaction.

    Attributes:
        values: Registers as 16-bit unsigned integers, or bits as 0 and 1; cut to the count asked for.
        requested: When the request was handed to the wire.
        received: When the last byte of the answer arrived.
        raw: The answer as it came over the wire.
    """

    values: tuple[int, ...]
    requested: Stamp
    received: Stamp
    raw: bytes


class ModbusBus(Protocol):
    """A shared Modbus wire. It owns exclusion, idle gap, retries and reconnection; drivers never see the port.

    Every call raises:
        LinkError: The wire is down.
        DeviceTimeoutError: No usable answer after all attempts; `DeviceDemotedError` when the address was not asked
            because it has been silent.
        DeviceRefusedError: A Modbus exception.
        ProtocolError: An answer of the wrong shape.
    """

    @property
    def name(self) -> str:
        """Name from the settings."""
        ...

    @property
    def protocol(self) -> ProtocolKind:
        """Framing on the wire."""
        ...

    async def read_input_registers(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 04. `address` is the protocol data unit's, 0 to 65535."""
        ...

    async def read_discrete_inputs(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 02."""
        ...

    async def read_coils(self, unit: int, address: int, count: int) -> Exchange:
        """Function code 01."""
        ...

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:
        """Function code 05. Sent once: a write is never repeated."""
        ...

    async def echo(self, unit: int, data: bytes) -> Exchange:
        """Function code 08 sub-function 0 with two bytes; `values` holds them as one register."""
        ...


class ByteLink(Protocol):
    """A wire on which an instrument talks unasked. One-shot: opened once, fails once, thrown away."""

    async def receive(self) -> tuple[bytes, Stamp]:
        """Wait for bytes; the stamp is taken when they arrive.

        Raises:
            LinkError: The wire is gone.
        """
        ...


class LinkOpener(Protocol):
    """Opens one-shot byte links on the same wire, again and again."""

    @property
    def name(self) -> str:
        """Name of the bus from the settings."""
        ...

    def open(self) -> AbstractAsyncContextManager[ByteLink]:
        """Open the wire.

        Raises:
            LinkError: It cannot be opened.
        """
        ...


@runtime_checkable
class PollSource(Protocol):
    """An instrument that answers when asked."""

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        """One batch: a Sample per channel in the order of the DeviceSpec."""
        ...


class BroadcastSource(Protocol):
    """An instrument that talks unasked."""

    def batches(self) -> AsyncGenerator[Sequence[Sample], None]:
        """Open the wire and yield one batch per frame; a bad frame is a batch of one error Sample.

        Raises:
            LinkError: The wire is gone or cannot be opened.
        """
        ...


class ActionExecutor(Protocol):
    """Carries out the actions of one analyser. Arguments are already checked against the ActionSpec."""

    async def perform(self, action: str, arguments: Sequence[int]) -> str:
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
    """What a registry line of an instrument family leads to. Importing it must not import an engine."""

    @property
    def settings(self) -> type:
        """Frozen dataclass of the keys that an analyser entry of this driver has beside the common ones."""
        ...

    @property
    def protocols(self) -> frozenset[ProtocolKind]:
        """Wire protocols the instrument speaks."""
        ...

    def check(self, settings: object, protocol: ProtocolKind) -> Sequence[tuple[tuple[str, ...], str]]:
        """Problems that types alone do not show: key path inside the entry, and what is wrong with its remedy."""
        ...

    def describe(self, settings: object, protocol: ProtocolKind) -> DeviceDescription:
        """What the analyser looks like, from the settings alone."""
        ...

    def exchanges(self, settings: object, protocol: ProtocolKind) -> Sequence[WireExchange]:
        """Bytes of one sweep, or of one broadcast frame, for the time budget of the bus."""
        ...

    def poll(self, device: str, settings: object, bus: ModbusBus) -> PollSource:
        """An analyser on a Modbus wire."""
        ...

    def listen(self, device: str, settings: object, wire: LinkOpener) -> BroadcastSource:
        """An analyser that talks unasked."""
        ...
