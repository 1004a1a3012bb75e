"""Ports for servers under test."""

from bench.ports import free_port

__all__ = ["free_port"]
