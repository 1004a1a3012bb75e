"""The `epics_pva` section of the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from gateway.model.pv_names import LetterCase, check_template


@dataclass(frozen=True, slots=True)
class PvAccessSettings:
    """How the pvAccess server is reached, and how its PVs are called.

    Every PV is read-only, but for the commands of actions that the settings open.

    What is left out comes from the environment that every pvAccess server reads. The server needs the extra `pva`:
    `pip install analyser-gateway[pva]`.

    Attributes:
        prefix: Beginning of every PV name.
        name: Template of a PV name, of `{prefix}`, `{site}`, `{analyser}` and `{point}`. `{point}` is the path joined
            by `separator`, without a closing `Value`. With the same template and prefix as in `epics_ca`, a point has
            the same name on both.
        separator: What stands between the parts of `{point}`.
        case: What becomes of the letters of the whole name.
        interfaces: IPv4 addresses to listen on; `0.0.0.0` for all. None follows EPICS_PVAS_INTF_ADDR_LIST.
        port: TCP port; 0 takes one that is free. None follows EPICS_PVAS_SERVER_PORT, 5075 by default.
        broadcast_port: UDP port for searches, which several servers of a host may share; 0 takes one that is free, and
            then clients find the server only by EPICS_PVA_NAME_SERVERS. None follows EPICS_PVAS_BROADCAST_PORT, 5076 by
            default.
        beacons: `host` or `host:port` to tell of this server, so that clients find it at once after an outage; empty
            for none. None follows EPICS_PVAS_BEACON_ADDR_LIST and EPICS_PVAS_AUTO_BEACON_ADDR_LIST.
        aliases: Further names, as in `epics_ca`: PV name to the `analyser/point` that it shows too.

    Raises:
        ValueError: A field cannot be used.
    """

    prefix: str = ""
    name: str = "{prefix}{analyser}:{point}"
    separator: str = ":"
    case: LetterCase = LetterCase.AS_WRITTEN
    interfaces: tuple[str, ...] | None = None
    port: int | None = None
    broadcast_port: int | None = None
    beacons: tuple[str, ...] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_template(self.name)
        if self.interfaces is not None and not self.interfaces:
            raise ValueError("interfaces must not be empty; 0.0.0.0 listens on every interface")
        for interface in self.interfaces or ():
            try:
                IPv4Address(interface)
            except ValueError:
                raise ValueError(f"interface {interface!r} must be an IPv4 address of this machine") from None
        for key in ("port", "broadcast_port"):
            port = getattr(self, key)
            if port is not None and not 0 <= port <= 65535:
                raise ValueError(f"{key} must be 0 to 65535, got {port}")
        for beacon in self.beacons or ():
            host, _, text = beacon.partition(":")
            if not host or (text and not (text.isdecimal() and 1 <= int(text) <= 65535)):
                raise ValueError(f"beacon {beacon!r} must be host or host:port with a port from 1 to 65535")
