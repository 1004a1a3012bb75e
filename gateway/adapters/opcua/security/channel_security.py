"""What a secure channel guarantees, and whom it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from asyncua import ua
from asyncua.crypto.security_policies import SecurityPolicy


@dataclass(frozen=True, slots=True)
class ChannelSecurity:
    """Security of one channel; a session may only move to a channel with an equal one.

    Attributes:
        policy_uri: SecurityPolicy.
        mode: None, or signed and encrypted.
        client_certificate: Certificate whose key the client has shown to hold (DER); empty without security.
    """

    policy_uri: str
    mode: ua.MessageSecurityMode
    client_certificate: bytes

    @classmethod
    def of(cls, policy: SecurityPolicy) -> ChannelSecurity:
        """Security of a channel under this policy."""
        secured = policy.Mode != ua.MessageSecurityMode.None_
        return cls(policy.URI, policy.Mode, (policy.peer_certificate or b"") if secured else b"")
