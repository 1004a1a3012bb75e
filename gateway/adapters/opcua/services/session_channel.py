"""The secure channel of a session, as the session sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from asyncua import ua

from gateway.adapters.opcua.security.channel_security import ChannelSecurity

if TYPE_CHECKING:
    from gateway.adapters.opcua.services.sessions import ClientSession


class SessionChannel(Protocol):
    """A secure channel as far as a session has to do with it."""

    @property
    def security(self) -> ChannelSecurity:
        """What the channel guarantees."""
        ...

    @property
    def host(self) -> str:
        """Address of the peer."""
        ...

    @property
    def server_certificate(self) -> bytes:
        """DER; empty without security."""
        ...

    @property
    def longest_response(self) -> int:
        """Bytes of the longest response that the client takes."""
        ...

    @property
    def is_gone(self) -> bool:
        """Whether the connection has ended."""
        ...

    def verify_client(self, challenge: bytes, signature: ua.SignatureData) -> None:
        """Make sure that the client holds the key of its certificate.

        Raises:
            ServiceError: It does not.
        """
        ...

    def adopt(self, session: ClientSession) -> None:
        """Take a session over, with its subscriptions."""
        ...

    def end(self, status: int) -> None:
        """Close the connection and say why."""
        ...
