"""The settings layer's front door."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.settings.checks import check_draft
from gateway.settings.document import read_document
from gateway.settings.draft import Draft
from gateway.settings.problems import Problems
from gateway.settings.reading import read_draft
from gateway.settings.site_settings import AnalyserSettings, GatewaySettings
from gateway.settings.time_budget import BusBudget


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of right settings has to say.

    Attributes:
        warnings: `file:line: what; remedy`, in the order of the file.
        budgets: Time budget of every bus.
    """

    warnings: tuple[str, ...]
    budgets: tuple[BusBudget, ...]


def load_settings(path: Path, *, environ: Mapping[str, str] = os.environ) -> GatewaySettings:
    """Read and check a settings file. Nothing but the file and the secret files it names is opened.

    Args:
        path: The file; messages show it as given.
        environ: Variables for `${NAME}` in values.

    Raises:
        SettingsError: Everything that is wrong, each as `file:line: what; remedy`.
    """
    document = read_document(path, environ)
    draft = read_draft(document)
    check_draft(draft, document.problems)
    document.problems.raise_errors()
    return _settled(draft, document.problems)


def check_settings(settings: GatewaySettings) -> CheckReport:
    """Warnings and time budgets of settings.

    Raises:
        SettingsError: The settings are wrong; those from `load_settings` never are.
    """
    problems = Problems(settings.positions)
    budgets = check_draft(Draft.of(settings), problems)
    problems.raise_errors()
    return CheckReport(tuple(problems.texts(problems.warnings)), budgets)


def _settled(draft: Draft, problems: Problems) -> GatewaySettings:
    """A draft without holes as settings."""
    analysers = {
        name: AnalyserSettings(
            name,
            entry.common.driver,
            entry.common.bus,
            entry.options,
            entry.common.description,
            entry.common.rate_hz,
            entry.common.stale_after_s,
            entry.common.actions,
            entry.common.model,
            entry.common.quality,
            entry.common.simulated,
            entry.common.nameplate,
        )
        for name, entry in (draft.analysers or {}).items()
        if entry.common is not None and entry.options is not None
    }
    buses = {name: spec for name, spec in (draft.buses or {}).items() if spec is not None}
    folder = Path(problems.positions.file).parent
    adapters = {name: options for name, options in (draft.adapters or {}).items() if options is not None}
    operators = {name: operator for name, operator in (draft.operators or {}).items() if operator is not None}
    audit_file = None if draft.audit_file is None else folder / draft.audit_file
    return GatewaySettings(
        draft.site or "",
        buses,
        analysers,
        adapters,
        problems.positions,
        operators,
        audit_file,
        draft.users_file,
    )
