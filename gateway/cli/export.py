"""`analyser-gateway export ...`."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from gateway.adapters.epics_ca.described_records import described_records
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.errors import InputError
from gateway.export.epics_database import epics_database
from gateway.settings.load import load_settings
from gateway.settings.site_spec import site_spec


def export_epics_database(config: Path, out: TextIO) -> None:
    """Write the records of the Channel Access server as an EPICS database.

    Raises:
        SettingsError: The settings cannot be used.
        InputError: They ask for no Channel Access server.
    """
    settings = load_settings(config)
    section = settings.adapters.get("epics_ca")
    if not isinstance(section, ChannelAccessSettings):
        raise InputError("there is no Channel Access server", where=str(config), hint="add `adapters: epics_ca:`")
    site = site_spec(settings)
    out.write(epics_database(settings.site, described_records(site, section)))
