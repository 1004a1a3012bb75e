"""Checks of what the settings change in the quality table: states and StatusCodes that exist, and nothing dishonest."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model.quality import Quality, State
from gateway.model.quality_overrides import OVERRIDABLE, QualityOverride, quality_table, refusals
from gateway.model.status_codes import STATUS_CODES
from gateway.settings.draft import Draft
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problems, nearest
from gateway.settings.site_settings import AnalyserSettings

_NAMES = tuple(state.value for state in OVERRIDABLE)


def check_quality(draft: Draft, problems: Problems) -> None:
    """Check the `quality` of every analyser."""
    for name, entry in (draft.analysers or {}).items():
        for state, wanted in (entry.common.quality if entry.common else {}).items():
            _check(("analysers", name, "quality", state), state, as_override(wanted), problems)


def resolved_quality(analyser: AnalyserSettings) -> Mapping[State, Quality]:
    """The table of an analyser whose settings are checked."""
    overrides = {State(state): as_override(wanted) for state, wanted in analyser.quality.items()}
    return quality_table(overrides, simulated=analyser.simulated)


def as_override(wanted: str | QualityOverride) -> QualityOverride:
    """What is wanted of a state; a text alone is the name of a StatusCode."""
    return QualityOverride(wanted) if isinstance(wanted, str) else wanted


def _check(path: KeyPath, state: str, override: QualityOverride, problems: Problems) -> None:
    where = ".".join(map(str, path[:-1]))
    if state == State.GOOD.value:
        what = f"{where} changes 'good', which is a fresh value that nothing stands against"
        problems.error(path, what, "remove it; 'simulated: true' marks the values of a simulator")
    elif state not in _NAMES:
        problems.error(path, f"{where} has an unknown state '{state}'", nearest(state, _NAMES, what="states"))
    elif override == QualityOverride():
        problems.error(path, f"{where}.{state} changes nothing", "name a StatusCode, a severity, or both")
    elif override.status is not None and override.status not in STATUS_CODES:
        what = f"{where}.{state} has an unknown StatusCode '{override.status}'"
        problems.error((*path, "status"), what, nearest(override.status, STATUS_CODES, what="StatusCodes"))
    else:
        for key, what, remedy in refusals(State(state), override):
            problems.error((*path, key), f"{where}: {what}", remedy)
