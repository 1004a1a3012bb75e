"""Security policies for one channel, and what of them the server offers (OPC 10000-7 section 6.6).

asyncua's policies do their work with the package `cryptography`; tests have foreign clients on every one of them. Two
things are corrected: signatures are compared in constant time, and a key that has been replaced is gone at once, where
asyncua 2.1.0 would take messages under it as well.
"""

# mypy: allow-untyped-calls
# The base classes are not typed.

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.crypto import uacrypto
from asyncua.crypto.permission_rules import PermissionRuleset
from asyncua.crypto.security_policies import (
    SecurityPolicy,
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
    SecurityPolicyNone,
    VerifierHMac256,
)

from gateway.adapters.opcua.security.application_identity import ApplicationIdentity
from gateway.adapters.opcua.security.pki import Pki
from gateway.adapters.opcua.settings import ModeName, PolicyName, SecuritySettings


class _ConstantTimeVerifier(VerifierHMac256):
    def verify(self, data: bytes, signature: bytes) -> None:
        if not hmac.compare_digest(uacrypto.hmac_sha256(self.key, data), signature):
            raise uacrypto.InvalidSignature  # type: ignore[attr-defined]  # asyncua's own, not that of cryptography


class _Hardened(SecurityPolicy):
    """Mixed into a policy, in front of asyncua's own class."""

    def make_remote_symmetric_key(self, secret: bytes, seed: bytes, lifetime: int) -> None:
        super().make_remote_symmetric_key(secret, seed, lifetime)  # type: ignore[safe-super]  # never the last one
        symmetric: Any = self.symmetric_cryptography
        symmetric.Verifier = _ConstantTimeVerifier(symmetric.Verifier.key)
        symmetric.Prev_Verifier = symmetric.Prev_Decryptor = None


class _Basic256Sha256(_Hardened, SecurityPolicyBasic256Sha256):
    pass


class _Aes128Sha256RsaOaep(_Hardened, SecurityPolicyAes128Sha256RsaOaep):
    pass


class _Aes256Sha256RsaPss(_Hardened, SecurityPolicyAes256Sha256RsaPss):
    pass


_CLASSES: dict[PolicyName, type[SecurityPolicy]] = {
    PolicyName.NONE: SecurityPolicyNone,
    PolicyName.BASIC256SHA256: _Basic256Sha256,
    PolicyName.AES128_SHA256_RSAOAEP: _Aes128Sha256RsaOaep,
    PolicyName.AES256_SHA256_RSAPSS: _Aes256Sha256RsaPss,
}
_MODES = {
    ModeName.SIGN: ua.MessageSecurityMode.Sign,
    ModeName.SIGN_AND_ENCRYPT: ua.MessageSecurityMode.SignAndEncrypt,
}
_LEVEL_OF_ENCRYPTION = 100


@dataclass(frozen=True, slots=True)
class OfferedPolicy:
    """A policy in one mode, for any client.

    Attributes:
        name: The policy.
        mode: What messages get.
        identity: Who the server is; None without security.
        permissions: Which services may be asked for.
        for_sessions: Whether more than discovery is to be had.
    """

    name: PolicyName
    mode: ua.MessageSecurityMode
    identity: ApplicationIdentity | None
    permissions: PermissionRuleset
    for_sessions: bool = True

    @property
    def level(self) -> int:
        """SecurityLevel: the higher, the better protected (OPC 10000-4 section 7.14)."""
        encrypted = self.mode == ua.MessageSecurityMode.SignAndEncrypt
        return 10 * list(PolicyName).index(self.name) + (_LEVEL_OF_ENCRYPTION if encrypted else 0)

    def matches(self, uri: str, mode: ua.MessageSecurityMode | None) -> bool:
        """Whether it is the one asked for; without a mode, in any mode."""
        return self.name.uri == uri and mode in (None, self.mode)

    def create(self, peer_certificate: bytes | None) -> SecurityPolicy:
        """For one client.

        Raises:
            ValueError: Its certificate cannot be read.
        """
        cls = _CLASSES[self.name]
        if self.identity is None:
            return cls(None, None, None, self.mode, permission_ruleset=self.permissions)
        own = self.identity
        peer = None if self.name is PolicyName.NONE else peer_certificate
        return cls(
            peer,
            own.certificate,
            own.private_key,
            self.mode,
            permission_ruleset=self.permissions,
            host_cert_chain=list(own.issuers),
        )


def offered_policies(
    settings: SecuritySettings, identity: ApplicationIdentity | None, permissions: PermissionRuleset
) -> list[OfferedPolicy]:
    """Everything that a channel can be opened with; discovery is always possible without security.

    The standard wants it so (OPC 10000-4 section 5.5.4): endpoints and certificates are public, and a client must learn
    of them before it can have a secure channel.
    """
    offered = [
        OfferedPolicy(policy, _MODES[mode], identity, permissions)
        for policy in settings.secure_policies
        for mode in settings.modes
    ]
    none = OfferedPolicy(
        PolicyName.NONE, ua.MessageSecurityMode.None_, identity, permissions, for_sessions=settings.is_open
    )
    return [none, *offered]


@dataclass(frozen=True, slots=True)
class ChannelOffer:
    """What clients may open channels with, and who judges them.

    Attributes:
        policies: Every policy in every mode.
        pki: Knows who is trusted; None where there is no security, and so nobody to trust.
    """

    policies: Sequence[OfferedPolicy]
    pki: Pki | None
