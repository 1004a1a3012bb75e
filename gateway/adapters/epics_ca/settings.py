"""The `epics_ca` section of the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path

from gateway.adapters.epics_ca.access_settings import AccessSettings
from gateway.adapters.epics_ca.limits import Limits
from gateway.model.pv_names import LEGAL, LONGEST_RECORD_NAME, LetterCase, check_template, name_characters


class DuplicateNames(StrEnum):
    """What becomes of PV names that another server on the network has as well."""

    IGNORE = "ignore"
    WARN = "warn"
    REFUSE = "refuse"


def _check_addresses(key: str, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        try:
            IPv4Address(address)
        except ValueError:
            raise ValueError(f"{key} must be IPv4 addresses, got {address!r}") from None


@dataclass(frozen=True, slots=True)
class StatisticsSettings:
    """PVs about the gateway itself, with the names and meanings of the iocStats module.

    Attributes:
        prefix: Beginning of their names, such as `WORKS:GATEWAY:` for `WORKS:GATEWAY:HEARTBEAT`; empty for none of
            them.
        engineer: Who looks after the gateway, for the PV ENGINEER.
        location: Where it stands, for the PV LOCATION.
    """

    prefix: str = ""
    engineer: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class RecsyncSettings:
    """Announcement of all PVs to a directory such as ChannelFinder, by the RecSync protocol.

    Attributes:
        receivers: IPv4 addresses of the receivers (RecCeiver) that may have the list of PVs; `0.0.0.0` for whoever
            asks. Empty for none: then nothing is sent and nobody is listened to.
        port: UDP port on which receivers make themselves known.
        interface: IPv4 address to hear them on. On one address of this machine, broadcasts are not heard.

    Raises:
        ValueError: A field cannot be used.
    """

    receivers: tuple[str, ...] = ()
    port: int = 5049
    interface: str = "0.0.0.0"  # noqa: S104  receivers broadcast

    def __post_init__(self) -> None:
        _check_addresses("receivers", self.receivers)
        _check_addresses("interface", (self.interface,))
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port must be 1 to 65535, got {self.port}")


@dataclass(frozen=True, slots=True)
class ChannelAccessSettings:
    """How the Channel Access server is reached, and how its PVs are called.

    Every PV and field is read-only, but for the commands of actions that the settings open.

    What is left out comes from the environment that every EPICS server reads.

    Attributes:
        prefix: Beginning of every PV name.
        name: Template of a PV name, of `{prefix}`, `{site}`, `{analyser}` and `{point}`. `{point}` is the path joined
            by `separator`, without a closing `Value`.
        separator: What stands between the parts of `{point}`.
        case: What becomes of the letters of the whole name.
        characters: Characters that a name may hold, ranges like `A-Z` among them; a hyphen stands last. The default is
            what EPICS base takes.
        interfaces: IPv4 addresses to listen on; `0.0.0.0` for all. None follows EPICS_CAS_INTF_ADDR_LIST.
        port: UDP and TCP port; 0 takes one that is free. None follows EPICS_CAS_SERVER_PORT, then
            EPICS_CA_SERVER_PORT, 5064 by default.
        beacons: `host` or `host:port` to tell of this server, so that clients find it at once after an outage; empty
            for none. None follows EPICS_CAS_BEACON_ADDR_LIST and EPICS_CAS_AUTO_BEACON_ADDR_LIST.
        max_name_length: Longest PV name in characters; a record of EPICS base has at most 60.
        aliases: Further names: PV name to the `analyser/point` that it shows too. With the path of a channel or of an
            analyser, all points below it get one, the rest of their paths behind the name. The template does not
            touch them.
        duplicate_names: At the start, other servers are asked for the same PV names where clients would look:
            EPICS_CA_ADDR_LIST, EPICS_CA_AUTO_ADDR_LIST and EPICS_CA_NAME_SERVERS. `warn` serves meanwhile and logs what
            they have, with `refuse` the gateway asks first and does not start, and `ignore` does not ask.
        statistics: PVs about the gateway itself.
        recsync: Announcement to ChannelFinder.
        limits: How much clients may ask for.
        access: Who may read, and who may try the commands; left out, everybody.

    Raises:
        ValueError: A field cannot be used.
    """

    prefix: str = ""
    name: str = "{prefix}{analyser}:{point}"
    separator: str = ":"
    case: LetterCase = LetterCase.AS_WRITTEN
    characters: str = LEGAL
    interfaces: tuple[str, ...] | None = None
    port: int | None = None
    beacons: tuple[str, ...] | None = None
    max_name_length: int = LONGEST_RECORD_NAME
    aliases: Mapping[str, str] = field(default_factory=dict)
    duplicate_names: DuplicateNames = DuplicateNames.WARN
    statistics: StatisticsSettings = field(default_factory=StatisticsSettings)
    recsync: RecsyncSettings = field(default_factory=RecsyncSettings)
    limits: Limits = field(default_factory=Limits)
    access: AccessSettings | None = None

    def __post_init__(self) -> None:
        check_template(self.name)
        name_characters(self.characters)
        if self.interfaces is not None and not self.interfaces:
            raise ValueError("interfaces must not be empty; 0.0.0.0 listens on every interface")
        for interface in self.interfaces or ():
            try:
                IPv4Address(interface)
            except ValueError:
                raise ValueError(f"interface {interface!r} must be an IPv4 address of this machine") from None
        if self.port is not None and not 0 <= self.port <= 65535:
            raise ValueError(f"port must be 0 to 65535, got {self.port}")
        if not 1 <= self.max_name_length <= LONGEST_RECORD_NAME:
            raise ValueError(f"max_name_length must be 1 to {LONGEST_RECORD_NAME}, got {self.max_name_length}")
        for beacon in self.beacons or ():
            host, _, port = beacon.partition(":")
            if not host or (port and not (port.isdecimal() and 1 <= int(port) <= 65535)):
                raise ValueError(f"beacon {beacon!r} must be host or host:port with a port from 1 to 65535")

    def beside(self, folder: Path) -> ChannelAccessSettings:
        """See `ports.SettingsWithFiles`."""
        return self if self.access is None else replace(self, access=self.access.beside(folder))
