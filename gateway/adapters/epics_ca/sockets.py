"""The server's sockets: TCP and UDP on the same port of every interface."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from gateway.adapters.epics_ca.broadcasts import broadcast_address
from gateway.errors import AdapterError

BACKLOG = 128
"""Connections that wait in the system until they are let in."""

_ATTEMPTS = 50
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class ServerSockets:
    """Bound sockets, one of each kind for every interface, in their order.

    Attributes:
        port: Their common port.
        tcp: Listening sockets, for virtual circuits.
        udp: Datagram sockets, for searches.
        broadcast: Further ones for broadcast searches; None where the first hears those itself, or nobody sends any.
    """

    port: int
    tcp: list[socket.socket] = field(default_factory=list)
    udp: list[socket.socket] = field(default_factory=list)
    broadcast: list[socket.socket | None] = field(default_factory=list)

    def close(self) -> None:
        """Close those that nobody else has closed yet."""
        for bound in (*self.tcp, *self.udp, *self.broadcast):
            if bound is not None:
                bound.close()


def _listen(interface: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere this would share the port with another server
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((interface, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _datagram(interface: str, port: int, *, shared: bool) -> socket.socket:
    """A search socket. A `shared` port is one that other EPICS servers of this machine listen to as well."""
    searches = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if shared:
            searches.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                searches.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        searches.setblocking(False)
        searches.bind((interface, port))
    except OSError:
        searches.close()
        raise
    return searches


def _broadcasts(interface: str, port: int, networks: Sequence[IPv4Network]) -> socket.socket | None:
    """Socket for what is broadcast on the network of an interface; never the reason why a server does not start."""
    address = broadcast_address(interface, networks)
    if address is None:
        return None
    try:
        return _datagram(address, port, shared=True)
    except OSError as error:
        _LOG.warning("epics_ca %s: broadcast searches to %s port %d are not heard: %s", interface, address, port, error)
        return None


def _bind_all(interfaces: Sequence[str], port: int, networks: Sequence[IPv4Network]) -> ServerSockets:
    sockets = ServerSockets(port)
    try:
        for interface in interfaces:
            sockets.tcp.append(_listen(interface, sockets.port))
            sockets.port = sockets.tcp[0].getsockname()[1]
            sockets.udp.append(_datagram(interface, sockets.port, shared=port != 0))
            sockets.broadcast.append(_broadcasts(interface, sockets.port, networks))
    except OSError:
        sockets.close()
        raise
    return sockets


def _bind_error(interfaces: Sequence[str], port: int, error: OSError) -> AdapterError:
    where = f"epics_ca {', '.join(interfaces)} port {port}"
    if error.errno == errno.EADDRINUSE:
        return AdapterError(
            f"port {port} is in use",
            where=where,
            hint="another EPICS server runs on this machine: stop it, or set another `port` and tell the clients by "
            "EPICS_CA_ADDR_LIST or EPICS_CA_NAME_SERVERS",
        )
    if error.errno == errno.EACCES:
        return AdapterError(f"port {port} is not allowed", where=where, hint="set a `port` of 1024 or more")
    return AdapterError(
        f"cannot listen: {error}", where=where, hint="`interfaces` must be addresses of this machine; 0.0.0.0 takes all"
    )


def bind(interfaces: Sequence[str], port: int, networks: Sequence[IPv4Network] = ()) -> ServerSockets:
    """Bind all sockets.

    Args:
        interfaces: IPv4 addresses.
        port: Port for all of them; 0 takes one that is free everywhere.
        networks: Networks of this machine, on which clients may broadcast.

    Raises:
        AdapterError: The port is taken or not allowed, or an address is not this machine's.
    """
    attempts = 1 if port else _ATTEMPTS
    while True:
        attempts -= 1
        try:
            return _bind_all(interfaces, port, networks)
        except OSError as error:
            if not attempts or error.errno != errno.EADDRINUSE:
                raise _bind_error(interfaces, port, error) from error
