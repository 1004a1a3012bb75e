"""`analyser-gateway export ...`: one verb each; the work is in `cli.export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

export_verbs = typer.Typer(
    name="export",
    help="What is served, in the files of other programs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@export_verbs.command()
def db(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings file (YAML).", show_default=False)],
) -> None:
    """Print an EPICS database with the records of the Channel Access server, for a soft IOC of the same looks."""
    from gateway.cli.export import export_epics_database

    export_epics_database(config, sys.stdout)
