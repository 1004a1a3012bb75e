"""EPICS servers that the bench compares: the gateway, stock caproto, softioc, FastCS, and p4p for pvAccess."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

SERVER_CORE, CLIENT_CORE = 0, 1


@dataclass(frozen=True, slots=True)
class Contender:
    """One server of the comparison.

    Attributes:
        name: What the table calls it.
        engine: Key of `ENGINES`.
        package: What has to be installed for it, beyond the gateway.
        client: Module of its clients.
        client_package: What these need.
    """

    name: str
    engine: str
    package: str = ""
    client: str = "bench.epics_client"
    client_package: str = "epicscorelibs"

    def missing(self) -> str:
        """Why it cannot run here; empty when it can."""
        absent = [name for name in (self.package, self.client_package) if name and find_spec(name) is None]
        return "".join(f"run `pip install {name}`" for name in absent[:1])


NOTHING = Contender("(making the values)", "nothing")
GATEWAY = Contender("gateway", "ours-ca")
SOFTIOC = Contender("softioc", "softioc", "softioc")
CONTENDERS = {
    "gateway": GATEWAY,
    "caproto": Contender("caproto", "stock-ca"),
    "softioc": SOFTIOC,
    "fastcs": Contender("FastCS (stamps itself)", "fastcs", "fastcs"),
    "p4p": Contender("p4p (pvAccess)", "p4p", "p4p", "bench.epics_pva_client", "p4p"),
}
