"""Short ways to write a register table."""

from __future__ import annotations

from typing import Any

from gateway.drivers.modbus_table.settings import FlagSources, ModbusTableSettings, TableChannel
from gateway.settings.reading import type_adapter


def settings_of(channels: dict[str, Any], **keys: Any) -> ModbusTableSettings:
    """Settings as the YAML file would give them: channel to its keys."""
    read: dict[str, ModbusTableSettings] = type_adapter(ModbusTableSettings).validate_python(
        {"": {"channels": channels} | keys}, strict=False
    )
    return read[""]


__all__ = ["FlagSources", "ModbusTableSettings", "TableChannel", "settings_of"]
