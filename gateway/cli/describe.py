"""`analyser-gateway describe`."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from gateway import registry
from gateway.export import point_list
from gateway.settings.load import load_settings
from gateway.settings.site_spec import site_spec

FORMATS = {"table": point_list.as_table, "json": point_list.as_json, "csv": point_list.as_csv}


def describe_points(config: Path, output: str, out: TextIO) -> None:
    """Write every point with the names it has on each protocol.

    Raises:
        SettingsError: The settings cannot be used.
    """
    settings = load_settings(config)
    site = site_spec(settings)
    names = {name: registry.adapter(name).names(site, section) for name, section in settings.adapters.items()}
    out.write(FORMATS[output](point_list.point_rows(site, names)))
