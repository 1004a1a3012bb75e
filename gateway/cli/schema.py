"""`analyser-gateway schema`."""

from __future__ import annotations

import json
from typing import TextIO

from gateway.settings.schema import json_schema


def print_schema(out: TextIO) -> None:
    """Write the JSON Schema of the settings file."""
    json.dump(json_schema(), out, indent=2, ensure_ascii=False)
    out.write("\n")
