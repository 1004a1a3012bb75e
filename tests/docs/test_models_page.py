"""What the page on companion models says is where, is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from asyncua import Client

from gateway import registry
from gateway.settings.load import load_settings
from gateway.settings.site_spec import site_spec
from tests.docs.pages import ROOT, Page
from tests.serving import serving

PAGE = Page(ROOT / "docs" / "how-to" / "opcua-models.md")


def _paths() -> Iterator[str]:
    section = PAGE.text.partition("## What is where")[2].partition("\n## ")[0]
    yield from (
        path for row in section.splitlines() if row.startswith("|") for path in re.findall(r"`(\w+/[^`]+)`", row)
    )


async def test_every_path_of_the_table_exists(tmp_path: Path) -> None:
    (block,) = [block for block in PAGE.blocks if block.title == "flue.yaml"]
    file = tmp_path / "flue.yaml"
    file.write_text(block.text)
    settings = load_settings(file, environ={})
    kind = registry.adapter("opcua")
    adapter = kind.create(site_spec(settings), replace(settings.adapters["opcua"], port=0))  # type: ignore[type-var]
    paths = list(_paths())
    assert len(paths) > 15
    async with serving(adapter) as url, Client(url) as client:
        for path in paths:
            name = await client.get_node(f"ns=2;s={path}").read_browse_name()
            assert name.Name == path.rpartition("/")[2] or path in ("stack/PADIM", "kiln/ADI")
