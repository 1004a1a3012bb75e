"""Every point of a site with its names, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

from gateway.model.points import DeviceSpec, PointSpec, SiteSpec
from gateway.ports import ServedName

_COLUMNS = ("analyser", "point", "type", "unit", "range", "description")


def _row(device: DeviceSpec, point: PointSpec) -> dict[str, str]:
    low_high = "" if point.display_range is None else f"{point.display_range[0]:g} to {point.display_range[1]:g}"
    return {
        "analyser": device.name,
        "point": point.browse_path,
        "type": point.type_name,
        "unit": point.unit,
        "range": low_high,
        "description": point.description,
    }


def point_rows(site: SiteSpec, names: Mapping[str, Sequence[ServedName]]) -> list[dict[str, str]]:
    """One row per point, in the order of the site.

    Args:
        site: What is served.
        names: Served names by adapter, in the order of the site.

    Returns:
        Keys `analyser`, `point`, `type`, `unit`, `range`, `description`, then one per adapter, and another one for its
        aliases where there are some, divided by blanks.
    """
    rows = [_row(device, point) for device in site.devices for point in device.points]
    for adapter, served in names.items():
        for row, one in zip(rows, served, strict=True):
            row[adapter] = one.name
        if any(one.aliases for one in served):
            for row, one in zip(rows, served, strict=True):
                row[f"{adapter}_aliases"] = " ".join(one.aliases)
    return rows


def as_json(rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as a JSON array."""
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as CSV with a header (RFC 4180)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else _COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_table(rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as aligned text; the description comes last, since it is long."""
    if not rows:
        return ""
    columns = [column for column in rows[0] if column not in ("analyser", "description")] + ["description"]
    widths = {column: max(len(column), *(len(row[column]) for row in rows)) for column in columns}
    lines: list[str] = []
    analyser = None
    header = "  ".join(column.ljust(widths[column]) for column in columns).rstrip()
    for row in rows:
        if row["analyser"] != analyser:
            analyser = row["analyser"]
            lines += ["", analyser, header]
        lines.append("  ".join(row[column].ljust(widths[column]) for column in columns).rstrip())
    return "\n".join(lines[1:]) + "\n"
