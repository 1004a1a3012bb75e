"""The `opcua` section of the settings file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from gateway.adapters.opcua.limits import Limits

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  compared with, not bound
"""Values of `host` that listen on every interface."""


class PolicyName(StrEnum):
    """Security policies that can be offered (OPC 10000-7); those with SHA-1 signatures are not among them."""

    NONE = "None"
    BASIC256SHA256 = "Basic256Sha256"
    AES128_SHA256_RSAOAEP = "Aes128_Sha256_RsaOaep"
    AES256_SHA256_RSAPSS = "Aes256_Sha256_RsaPss"

    @property
    def uri(self) -> str:
        """Name of the policy on the wire."""
        return f"http://opcfoundation.org/UA/SecurityPolicy#{self.value}"


SAFE_POLICIES = tuple(policy for policy in PolicyName if policy is not PolicyName.NONE)
"""What is offered unless the settings say otherwise."""


class ModeName(StrEnum):
    """How messages are protected under every policy but `None`."""

    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


class AnonymousAccess(StrEnum):
    """What somebody without a user name may do."""

    OFF = "off"
    OBSERVER = "observer"


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """Which secure channels are offered, and who is trusted.

    Attributes:
        policies: Security policies that clients can choose from. `None` opens the server to everybody who can reach
            it, unsigned and unencrypted.
        modes: What every policy but `None` is offered for.
        pki: Folder of keys and certificates, beside the settings file unless absolute. It is made on the first start
            with a policy other than `None`.
        hosts: Further names and addresses under which clients reach the server, for its certificate.

    Raises:
        ValueError: There is no policy or no mode, or one is there twice.
    """

    policies: tuple[PolicyName, ...] = SAFE_POLICIES
    modes: tuple[ModeName, ...] = (ModeName.SIGN, ModeName.SIGN_AND_ENCRYPT)
    pki: Path = Path("pki")
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, given in (("policies", self.policies), ("modes", self.modes)):
            if not given:
                raise ValueError(f"{name} must not be empty; leave it out for all that are safe")
            if len(set(given)) < len(given):
                raise ValueError(f"{name} must not name anything twice")
        if "" in self.hosts:
            raise ValueError("hosts must be host names or addresses")

    @property
    def secure_policies(self) -> tuple[PolicyName, ...]:
        """Policies that need keys and certificates."""
        return tuple(policy for policy in self.policies if policy is not PolicyName.NONE)

    @property
    def is_open(self) -> bool:
        """Whether a client may come without any security."""
        return PolicyName.NONE in self.policies


@dataclass(frozen=True, slots=True)
class OpcUaSettings:
    """How the OPC UA server is reached, and by whom. Nothing can be written; open actions need a user.

    Attributes:
        host: Address to listen on; `0.0.0.0` for every interface, `127.0.0.1` for this machine only.
        port: TCP port; 0 takes a free one.
        path: Path of the endpoint URL, beginning with a slash.
        application_name: Name that clients show for the server.
        advertised_host: Host in the endpoint URLs handed to clients, for a server behind address translation. Without
            it, clients get back the host they asked for.
        security: Secure channels, and who is trusted.
        anonymous: What a client without a user may do: nothing, or look as an observer.
        limits: How much clients may ask for.
        nodesets: Folder of official NodeSet2 files, beside the settings file unless absolute, from which the types of
            companion models are taken. Without it, they are those that the gateway brings, which start faster.

    Raises:
        ValueError: A field cannot be used.
    """

    host: str = "0.0.0.0"  # noqa: S104  serving the plant network is the purpose
    port: int = 4840
    path: str = "/analyser-gateway"
    application_name: str = "Analyser gateway"
    advertised_host: str | None = None
    security: SecuritySettings = field(default_factory=SecuritySettings)
    anonymous: AnonymousAccess = AnonymousAccess.OFF
    limits: Limits = field(default_factory=Limits)
    nodesets: Path | None = None

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

    def beside(self, folder: Path) -> OpcUaSettings:
        """See `ports.SettingsWithFiles`."""
        nodesets = None if self.nodesets is None else folder / self.nodesets
        return replace(self, security=replace(self.security, pki=folder / self.security.pki), nodesets=nodesets)
