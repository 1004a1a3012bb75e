"""The user that a client claims to be."""

from __future__ import annotations

from gateway.model.asker import claimed_user


def client_name(payload: bytes) -> str:
    """User name out of a client name message (CA_PROTO_CLIENT_NAME), as `claimed_user` gives it."""
    return claimed_user(payload.partition(b"\0")[0].decode("utf-8", "replace"))
