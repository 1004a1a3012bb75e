"""The programs of the page on DAQ streaming run, and print what the page shows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, Block, Page

PAGE = Page(ROOT / "docs" / "explanation" / "daq-streaming.md")
PROGRAMS = [
    (block, shown)
    for block, shown in zip(PAGE.blocks, PAGE.blocks[1:], strict=False)
    if block.language == "python" and shown.language == "text"
]


def test_every_program_of_the_page_is_run() -> None:
    assert [block for block, _ in PROGRAMS] == [block for block in PAGE.blocks if block.language == "python"]
    assert PROGRAMS


@pytest.mark.parametrize(("program", "shown"), PROGRAMS, ids=lambda block: block.title)
def test_the_programs_of_the_page(program: Block, shown: Block) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program.text],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, shown.text, "")
