"""What a client finds before it has a session (OPC 10000-4 section 5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asyncua import ua


def with_profiles(
    endpoints: Sequence[ua.EndpointDescription], wanted: Iterable[str] | None
) -> list[ua.EndpointDescription]:
    """Those endpoints whose transport profile a client asks for (GetEndpoints); it may ask for any.

    Args:
        endpoints: All there are.
        wanted: URIs of transport profiles; none for any.
    """
    profiles = frozenset(wanted or ())
    return [one for one in endpoints if not profiles or one.TransportProfileUri in profiles]


def with_uris(
    servers: Sequence[ua.ApplicationDescription], wanted: Iterable[str] | None
) -> list[ua.ApplicationDescription]:
    """Those servers that a client asks for (FindServers); asyncua goes by the beginning of their names.

    Args:
        servers: All there are.
        wanted: ApplicationUris; none for any.
    """
    uris = frozenset(wanted or ())
    return [one for one in servers if not uris or one.ApplicationUri in uris]
