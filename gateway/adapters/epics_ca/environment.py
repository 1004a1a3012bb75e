"""What the EPICS_* variables tell a server where the settings are silent.

Names, defaults and what wins: Channel Access Reference Manual, "Configuring a CA Server", and EPICS base (`rsrv`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from gateway.adapters.epics_ca.limits import LEAST_MESSAGE_BYTES, MOST_MESSAGE_BYTES
from gateway.adapters.epics_ca.settings import ChannelAccessSettings

EVERY_INTERFACE = "0.0.0.0"  # noqa: S104  what a server takes that is told of none
DEFAULT_PORT = 5064
_REPEATER_PORT = 5065
_BEACON_PERIOD_S = 15.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a server listens, and whom it tells of itself.

    Attributes:
        interfaces: IPv4 addresses.
        port: UDP and TCP port.
        beacons: `host` or `host:port` of those who are told by name.
        broadcast_beacons: Whether the networks of the interfaces are told as well.
        beacon_port: Port of beacons where none is given.
        beacon_period_s: Seconds between beacons in the long run.
        ignored: Addresses whose searches by UDP are not answered.
        message_bytes: Size of the largest request.
        answer_bytes: Size of the largest answer; None for any.
    """

    interfaces: tuple[str, ...]
    port: int
    beacons: tuple[str, ...]
    broadcast_beacons: bool
    beacon_port: int
    beacon_period_s: float
    ignored: frozenset[str]
    message_bytes: int
    answer_bytes: int | None


def reach(settings: ChannelAccessSettings, variables: Mapping[str, str] = os.environ) -> Reach:
    """What holds for these settings.

    Raises:
        ValueError: A variable that is needed cannot be used; the message names it.
    """
    by_setting = settings.beacons is not None
    return Reach(
        interfaces=interfaces(settings, variables),
        port=server_port(settings, variables),
        beacons=tuple(_words(variables, "EPICS_CAS_BEACON_ADDR_LIST"))
        if settings.beacons is None
        else settings.beacons,
        broadcast_beacons=not by_setting and _yes(variables, "EPICS_CAS_AUTO_BEACON_ADDR_LIST"),
        beacon_port=_port(variables, _REPEATER_PORT, "EPICS_CAS_BEACON_PORT", "EPICS_CA_REPEATER_PORT"),
        beacon_period_s=_period(variables),
        ignored=frozenset(_addresses(variables, "EPICS_CAS_IGNORE_ADDR_LIST")),
        message_bytes=settings.limits.message_bytes or min(_array_bytes(variables), MOST_MESSAGE_BYTES),
        answer_bytes=None if _yes(variables, "EPICS_CA_AUTO_ARRAY_BYTES") else _array_bytes(variables),
    )


def interfaces(settings: ChannelAccessSettings, variables: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Addresses to listen on: those of the settings, else those of the environment, else all.

    Raises:
        ValueError: The environment names something else than addresses.
    """
    return settings.interfaces or tuple(_addresses(variables, "EPICS_CAS_INTF_ADDR_LIST")) or (EVERY_INTERFACE,)


def server_port(settings: ChannelAccessSettings, variables: Mapping[str, str] = os.environ) -> int:
    """Port to listen on: that of the settings, else that of the environment, else 5064.

    Raises:
        ValueError: The environment names no port.
    """
    if settings.port is not None:
        return settings.port
    return _port(variables, DEFAULT_PORT, "EPICS_CAS_SERVER_PORT", "EPICS_CA_SERVER_PORT")


def _words(variables: Mapping[str, str], name: str) -> list[str]:
    return list(dict.fromkeys(variables.get(name, "").split()))


def _addresses(variables: Mapping[str, str], name: str) -> list[str]:
    """A port after an address is ignored, as in EPICS base."""
    found = [word.partition(":")[0] for word in _words(variables, name)]
    for address in found:
        try:
            IPv4Address(address)
        except ValueError:
            raise ValueError(f"{name} must hold IPv4 addresses, got {address!r}") from None
    return found


def _yes(variables: Mapping[str, str], name: str) -> bool:
    return (variables.get(name) or "YES").strip().lower() != "no"


def _port(variables: Mapping[str, str], default: int, *names: str) -> int:
    for name in names:
        if text := variables.get(name, "").strip():
            if not (text.isdecimal() and 0 <= int(text) <= 65535):
                raise ValueError(f"{name} must be a port from 0 to 65535, got {text!r}")
            return int(text)
    return default


def _period(variables: Mapping[str, str]) -> float:
    for name in ("EPICS_CAS_BEACON_PERIOD", "EPICS_CA_BEACON_PERIOD"):
        if text := variables.get(name, "").strip():
            try:
                period = float(text)
            except ValueError:
                period = 0.0
            if not 0.1 <= period < float("inf"):
                raise ValueError(f"{name} must be seconds from 0.1, got {text!r}")
            return period
    return _BEACON_PERIOD_S


def _array_bytes(variables: Mapping[str, str]) -> int:
    text = variables.get("EPICS_CA_MAX_ARRAY_BYTES", "").strip() or str(LEAST_MESSAGE_BYTES)
    if not text.isdecimal():
        raise ValueError(f"EPICS_CA_MAX_ARRAY_BYTES must be a number of bytes, got {text!r}")
    return max(int(text), LEAST_MESSAGE_BYTES)
