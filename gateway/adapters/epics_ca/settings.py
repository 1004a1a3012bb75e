"""The `epics_ca` section of the settings file."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from string import Formatter

PLACEHOLDERS = frozenset({"prefix", "analyser", "point"})
LONGEST_RECORD_NAME = 60


def _check_template(template: str) -> None:
    try:
        fields = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"name {template!r} cannot be read: {error}") from error
    used = {field for _text, field, _format, _conversion in fields if field is not None}
    unknown = used - PLACEHOLDERS
    if unknown or any(extra or conversion for _text, _field, extra, conversion in fields):
        raise ValueError(f"name {template!r} may hold {{prefix}}, {{analyser}} and {{point}}, each as it is")
    if not {"analyser", "point"} <= used:
        raise ValueError(f"name {template!r} needs {{analyser}} and {{point}}, or PVs would share one name")


@dataclass(frozen=True, slots=True)
class ChannelAccessSettings:
    """How the Channel Access server is reached, and how its PVs are called.

    Every PV and field is read-only, but for the commands of actions that the settings open.

    What is left out comes from the environment that every EPICS server reads.

    Attributes:
        prefix: Beginning of every PV name.
        name: Template of a PV name. `{point}` is the path joined by colons, without a closing `Value`.
        interfaces: IPv4 addresses to listen on; `0.0.0.0` for all. None follows EPICS_CAS_INTF_ADDR_LIST. A server on
            one address hears no broadcast searches: clients then name it in EPICS_CA_ADDR_LIST or
            EPICS_CA_NAME_SERVERS.
        port: UDP and TCP port; 0 takes one that is free. None follows EPICS_CA_SERVER_PORT, 5064 by default.
        beacons: `host` or `host:port` to tell of this server, so that clients find it at once after an outage; empty
            for none. None follows EPICS_CAS_BEACON_ADDR_LIST and EPICS_CAS_AUTO_BEACON_ADDR_LIST.
        max_name_length: Longest PV name in characters; a record of EPICS base has at most 60.

    Raises:
        ValueError: A field cannot be used.
    """

    prefix: str = ""
    name: str = "{prefix}{analyser}:{point}"
    interfaces: tuple[str, ...] | None = None
    port: int | None = None
    beacons: tuple[str, ...] | None = None
    max_name_length: int = LONGEST_RECORD_NAME

    def __post_init__(self) -> None:
        _check_template(self.name)
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
