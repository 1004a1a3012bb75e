"""An OPC UA server without security, said so explicitly: for tests that are about something else."""

from __future__ import annotations

from typing import Any

from gateway.adapters.opcua.settings import AnonymousAccess, OpcUaSettings, PolicyName, SecuritySettings

OPEN: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 0,
    "anonymous": "observer",
    "security": {"policies": ["None"]},
}
"""As a section of a settings file, on a free port."""

OPEN_SETTINGS = OpcUaSettings(
    host="127.0.0.1",
    port=0,
    anonymous=AnonymousAccess.OBSERVER,
    security=SecuritySettings(policies=(PolicyName.NONE,)),
)
"""The same, read."""
