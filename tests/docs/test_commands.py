"""Every `console` block of the pages is typed into a shell, and what it shows is compared.

`caget` and `camonitor` of EPICS base cannot be installed on the test machines; those lines run through a stand-in over
libca (`channel_access_tools.py`). Blocks marked `elsewhere` need something that a test has not (a serial port, another
machine, an hour): their syntax is checked by the shell. See `shell.py` for what else differs from a reader's machine.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import BLOCKS, PAGES, Block, Page
from tests.docs.shell import Shell, matches

CONSOLE = [block for block in BLOCKS if block.language == "console"]
TYPED = [page for page in PAGES if any(b.language == "console" and "elsewhere" not in b.words for b in page.blocks)]


@pytest.mark.parametrize("page", [page for page in TYPED if "write-a-" not in page.name], ids=lambda page: page.name)
def test_commands_do_what_the_page_says(page: Page, tmp_path: Path) -> None:
    shell = Shell(tmp_path / "reader")
    try:
        shell.read_aloud(page)
    finally:
        shell.close()


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.where)
def test_commands_are_shell(block: Block) -> None:
    for command, _ in block.commands:
        done = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), f"{block.where}: {command}"


def test_blocks_of_commands_are_called_console() -> None:
    """So that none escapes. By hand: what needs a container engine, an idle machine, other hosts, or EPICS base."""
    by_hand = {"containers.md", "measurements.md", "epics-network.md", "epics-database.md"}
    assert not [b.where for b in BLOCKS if b.language in ("sh", "shell", "bash") and b.page.name not in by_hand]


@pytest.mark.parametrize(
    ("shown", "seen", "same"),
    [
        (["a 1.5"], ["a   20"], True),
        (["a 1.5"], ["b 1.5"], False),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b"], True),
        (["...", "b"], ["a", "b"], True),
        (["...", "c"], ["a", "b"], False),
    ],
)
def test_comparison(shown: list[str], seen: list[str], same: bool) -> None:
    assert matches(shown, seen, prefix=False) is same
