"""Doors of the northbound side: what an adapter is, and what it may offer beyond that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from gateway.model.points import SiteSpec
from gateway.model.quality import Quality
from gateway.model.update import Update
from gateway.model.value import Value

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
        aliases: Further names of the same.
    """

    device: str
    path: tuple[str, ...]
    name: str
    aliases: tuple[str, ...] = ()


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
