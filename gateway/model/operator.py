"""Operators: who may ask for actions, and from where."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may ask for actions; the name is that of the OPC UA login and of the EPICS client.

    Attributes:
        password: Proves the name over OPC UA. Only as `!file path` or `${NAME}`, never in the settings themselves.
        hosts: Addresses or networks from which this operator may ask, such as `192.168.1.20` or `192.168.1.0/24`. Left
            out, it is any over OPC UA and none over EPICS protocols, where nothing but the address vouches for a name.

    Raises:
        ValueError: A host is no address or network, or a field is empty.
    """

    password: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.password == "":
            raise ValueError("password must not be empty; leave it out for an operator over EPICS alone")
        if self.hosts is not None and not self.hosts:
            raise ValueError("hosts must not be empty; write [192.168.1.20], or leave it out")
        for host in self.hosts or ():
            try:
                ip_network(host)
            except ValueError:
                raise ValueError(f"hosts: '{host}' is no address or network; {_nearest_network(host)}") from None

    def admits(self, host: str) -> bool:
        """Whether a peer at this address may speak for the operator; without `hosts`, any may."""
        if self.hosts is None:
            return True
        try:
            address = _plain(host)
        except ValueError:
            return False
        return any(address in ip_network(network) for network in self.hosts)


def _plain(host: str) -> IPv4Address | IPv6Address:
    """The address of a peer; a socket for both families shows IPv4 ones as `::ffff:192.168.1.20`."""
    address = ip_address(host)
    return getattr(address, "ipv4_mapped", None) or address


def _nearest_network(text: str) -> str:
    try:
        return f"write {ip_network(text, strict=False)} for the network, or the address alone"
    except ValueError:
        return "write an address such as 192.168.1.20 or a network such as 192.168.1.0/24; names are not looked up"
