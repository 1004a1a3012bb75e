"""The `opcua` section of the settings file."""

from __future__ import annotations

from dataclasses import dataclass

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  compared with, not bound
"""Values of `host` that listen on every interface."""


@dataclass(frozen=True, slots=True)
class OpcUaSettings:
    """How the OPC UA server is reached. Access is anonymous and read-only; open actions need an operator's password.

    Attributes:
        host: Address to listen on; `0.0.0.0` for every interface, `127.0.0.1` for this machine only.
        port: TCP port; 0 takes a free one.
        path: Path of the endpoint URL, beginning with a slash.
        application_name: Name that clients show for the server.
        advertised_host: Host in the endpoint URLs handed to clients, for a server behind address translation. Without
            it, clients get back the host they asked for.

    Raises:
        ValueError: A field cannot be used.
    """

    host: str = "0.0.0.0"  # noqa: S104  serving the plant network is the purpose; access is read-only
    port: int = 4840
    path: str = "/analyser-gateway"
    application_name: str = "Analyser gateway"
    advertised_host: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be 0 to 65535, got {self.port}")
        if not self.host:
            raise ValueError("host must not be empty; 0.0.0.0 listens on every interface")
        if not self.path.startswith("/"):
            raise ValueError(f"path must begin with '/', got {self.path!r}")
        if not self.application_name:
            raise ValueError("application_name must not be empty")
        if self.advertised_host == "":
            raise ValueError("advertised_host must be a host name or address, or left out")

    def endpoint_url(self, host: str, port: int) -> str:
        """Endpoint URL on a host and port; IPv6 addresses get their brackets."""
        return f"opc.tcp://{f'[{host}]' if ':' in host else host}:{port}{self.path}"
