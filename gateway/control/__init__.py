"""Talking to a running gateway from the same host: a local socket that only its own user can open."""
