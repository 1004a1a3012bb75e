"""Instrument libraries as a driver of the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import cast

from gateway.drivers.library.logs import quieten
from gateway.drivers.library.points import COUNTERS, described_points
from gateway.drivers.library.references import packages
from gateway.drivers.library.settings import LibrarySettings
from gateway.drivers.library.settings_check import Problem, problems
from gateway.errors import SettingsError
from gateway.model.device_description import DeviceDescription
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.ports import LocalSource


class Library:
    """`driver: library`; a `ports.LocalDriver`."""

    settings = LibrarySettings
    protocols = frozenset({ProtocolKind.LOCAL})

    def check(self, settings: object, protocol: ProtocolKind) -> Sequence[Problem]:  # noqa: ARG002  there is one
        """See `ports.Driver.check`. Whether the library is installed is not looked at: another host may have it."""
        return list(problems(cast("LibrarySettings", settings)))

    def describe(self, settings: object, protocol: ProtocolKind) -> DeviceDescription:  # noqa: ARG002
        """See `ports.Driver.describe`."""
        channels = cast("LibrarySettings", settings).channels
        return DeviceDescription(
            manufacturer="",
            model="",
            channels=channels,
            points=described_points(channels),
            counters=COUNTERS,
            is_local=True,
        )

    def connect(self, device: str, settings: object, rate_hz: float, clock: Clock) -> LocalSource:
        """See `ports.LocalDriver.connect`.

        Raises:
            SettingsError: A package that the settings name is not installed.
        """
        from gateway.drivers.library.source import LibrarySource

        options = cast("LibrarySettings", settings)
        missing = [name for name in packages(options) if not _is_installed(name)]
        if missing:
            what = f"analysers.{device} needs {', '.join(missing)}, which this Python does not have"
            raise SettingsError([f"{what}; install it beside the gateway: pip install {' '.join(missing)}"])
        for name in packages(options):
            quieten(name, options.log_level)
        return LibrarySource(device, options, rate_hz, clock)

    def origin(self, settings: object, protocol: ProtocolKind, path: tuple[str, ...]) -> str:  # noqa: ARG002
        """See `ports.ExplainingDriver.origin`."""
        options = cast("LibrarySettings", settings)
        channel = options.channels.get(path[0])
        if channel is None:
            return ""
        return f"What `{options.record.call}` delivers as `{channel.name or path[0]}`; its {path[-1]}."


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


DRIVER = Library()
