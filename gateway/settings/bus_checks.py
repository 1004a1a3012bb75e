"""Checks of the buses, each for itself and against one another."""

from __future__ import annotations

import posixpath
import re

from gateway.model.bus_spec import BusSpec, Link, LinkKind
from gateway.model.readings import ProtocolKind
from gateway.settings.draft import Draft
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problems, choices, nearest, split_message

BAUDRATES = (2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200)
LONGEST_WAIT_S = 3600.0
MOST_ATTEMPTS = 100
MODBUS = frozenset(ProtocolKind) - {ProtocolKind.CONTINUOUS, ProtocolKind.LOCAL}

_LINK_FORMS = "write a serial port such as /dev/ttyUSB0, or socket://host:port, or rfc2217://host:port"
_NOT_A_PORT = re.compile(r"[a-z0-9]+:/*[^/\\]+:\d+|[\w.-]+:\d+|\s.*|.*\s", re.IGNORECASE)


def check_buses(draft: Draft, problems: Problems) -> None:
    """Check every bus that could be read."""
    ends: dict[Link, str] = {}
    for name, spec in (draft.buses or {}).items():
        if spec is None:
            continue
        path: KeyPath = ("buses", name)
        _check_numbers(path, spec, problems)
        link = _check_link(path, spec, problems)
        if link is None:
            continue
        other = ends.setdefault(_end(link), name)
        if other != name:
            problems.error(
                (*path, "link"),
                f"buses.{name} and buses.{other} use the same wire {link}",
                "put the analysers of one wire on one bus",
            )
    for name in draft.buses or {}:
        if not draft.on(name) and draft.analysers:
            problems.warn(("buses", name), f"buses.{name} has no analyser", "remove it, or name it as the bus of one")


def _end(link: Link) -> Link:
    """The wire behind a link: two spellings of it become one."""
    host = link.host.lower()
    host = "127.0.0.1" if host in ("localhost", "::1") else host
    kind = LinkKind.SOCKET if link.kind is LinkKind.RFC2217 else link.kind
    return Link(kind, path=posixpath.normpath(link.path) if link.path else "", host=host, port=link.port)


def _check_link(path: KeyPath, spec: BusSpec, problems: Problems) -> Link | None:
    at, name = (*path, "link"), f"{path[0]}.{path[1]}"
    try:
        link = spec.parsed_link
    except ValueError as error:
        what, remedy = split_message(str(error), "write it like /dev/ttyUSB0 or socket://192.168.1.20:4001")
        problems.error(at, f"{name}.link: {what}", remedy)
        return None
    if link.kind is LinkKind.SERIAL and _NOT_A_PORT.fullmatch(link.path):
        problems.error(at, f"{name}.link: '{link.path}' is not a serial port", _LINK_FORMS)
        return None
    if link.kind is LinkKind.RFC2217 and spec.protocol in MODBUS:
        problems.error(
            at,
            f"{name}: {spec.protocol} does not run over rfc2217://",
            f"set the serial server to raw TCP and write socket://{link.host}:{link.port}",
        )
    elif spec.protocol is ProtocolKind.MODBUS_TCP and link.kind is LinkKind.SERIAL:
        problems.error(
            at, f"{name}: modbus-tcp needs a network link, not '{link}'", "write socket://host:502, or modbus-rtu"
        )
    return link


def _check_numbers(path: KeyPath, spec: BusSpec, problems: Problems) -> None:
    name = f"{path[0]}.{path[1]}"
    if spec.baudrate not in BAUDRATES:
        close = nearest(str(spec.baudrate), [str(rate) for rate in BAUDRATES], what="rates")
        problems.error(
            (*path, "baudrate"),
            f"{name}.baudrate must be {choices(map(str, BAUDRATES))}, got {spec.baudrate}",
            close if "did you" in close else "write the rate set on the analyser",
        )
    if spec.bytesize == 7 and spec.protocol is ProtocolKind.MODBUS_RTU:
        problems.error((*path, "bytesize"), f"{name}: modbus-rtu needs 8 data bits, got 7", "write 8, or modbus-ascii")
    if not 0 < spec.timeout_s <= LONGEST_WAIT_S:
        problems.error(
            (*path, "timeout_s"),
            f"{name}.timeout_s must be more than 0 and at most {LONGEST_WAIT_S:g} s, got {spec.timeout_s:g}",
            "1.0 suits a serial line",
        )
    if not 1 <= spec.attempts <= MOST_ATTEMPTS:
        problems.error(
            (*path, "attempts"),
            f"{name}.attempts must be 1 to {MOST_ATTEMPTS}, got {spec.attempts}",
            "1 asks once, without repeats",
        )
    for key in ("idle_gap_ms", "turnaround_ms"):
        value: float = getattr(spec, key)
        if not 0 <= value <= LONGEST_WAIT_S * 1000:
            problems.error(
                (*path, key),
                f"{name}.{key} must be 0 to {LONGEST_WAIT_S * 1000:.0f} ms, got {value:g}",
                "leave it out for the default",
            )
