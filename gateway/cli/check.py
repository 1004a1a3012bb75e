"""`analyser-gateway check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from gateway.settings.load import check_settings, load_settings
from gateway.settings.time_budget import budget_table


def check_settings_file(config: Path, out: TextIO) -> None:
    """Validate, and write the time budget of each bus; warnings go to standard error.

    Raises:
        SettingsError: The settings cannot be used.
    """
    settings = load_settings(config)
    report = check_settings(settings)
    for warning in report.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    number = "1 analyser" if len(settings.analysers) == 1 else f"{len(settings.analysers)} analysers"
    budgets = f"\n{budget_table(report.budgets)}\n" if report.budgets else ""
    out.write(f"{config}: all right, {number}\n{budgets}")
