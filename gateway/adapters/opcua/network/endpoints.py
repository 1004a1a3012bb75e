"""Endpoints as clients discover them (OPC 10000-4 section 7.14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from asyncua import ua
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.opcua.network.policies import OfferedPolicy

TRANSPORT = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"

Tokens = Callable[[str], Sequence[ua.UserTokenPolicy]]
"""From the URI of a security policy to what users may prove themselves with under it."""


def describe_endpoints(
    offered: Iterable[OfferedPolicy], application: ua.ApplicationDescription, url: str, tokens: Tokens
) -> list[ua.EndpointDescription]:
    """One endpoint per policy and mode.

    Args:
        offered: What sessions may be had with.
        application: The server.
        url: Where it listens.
        tokens: How users prove themselves.
    """
    return [
        ua.EndpointDescription(
            EndpointUrl=ua.String(url),
            Server=application,
            ServerCertificate=ua.ByteString(
                b"" if one.identity is None else one.identity.certificate.public_bytes(Encoding.DER)
            ),
            SecurityMode=one.mode,
            SecurityPolicyUri=ua.String(one.name.uri),
            UserIdentityTokens=list(tokens(one.name.uri)),
            TransportProfileUri=ua.String(TRANSPORT),
            SecurityLevel=ua.Byte(one.level),
        )
        for one in offered
    ]
