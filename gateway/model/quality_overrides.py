"""The quality table as the settings change it for one analyser, within what stays honest.

What is old, faulty or not there never looks good, on no protocol: each state has a best it may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gateway.model.quality import QUALITY, AlarmStatus, Quality, Severity, State
from gateway.model.status_codes import StatusClass, status_class

SeverityName = Literal["NO_ALARM", "MINOR", "MAJOR", "INVALID"]


@dataclass(frozen=True, slots=True)
class QualityOverride:
    """How one state looks on one analyser, where the default does not suit.

    Attributes:
        status: Symbolic name of the OPC UA StatusCode, such as `UncertainInitialValue`; left out, the default.
        severity: EPICS alarm severity; left out, the default.
    """

    status: str | None = None
    severity: SeverityName | None = None


_FAULT = "a fault stands against the value"
_OLD = "the value is old"
_NONE = "there is no value"
_BEST: dict[State, tuple[StatusClass, str]] = {
    State.CLAMPED_LOW: (StatusClass.UNCERTAIN, "the true value may be lower"),
    State.CLAMPED_HIGH: (StatusClass.UNCERTAIN, "the true value may be higher"),
    State.WARMING_UP: (StatusClass.UNCERTAIN, "the analyser is not accurate yet"),
    State.CALIBRATING: (StatusClass.UNCERTAIN, "the value is that of calibration gas"),
    State.INVALID_INPUT: (StatusClass.UNCERTAIN, _FAULT),
    State.CHANNEL_FAULT: (StatusClass.UNCERTAIN, _FAULT),
    State.ANALYSER_FAULT: (StatusClass.UNCERTAIN, _FAULT),
    State.STALE: (StatusClass.UNCERTAIN, _OLD),
    State.COMMUNICATION_INTERRUPTED: (StatusClass.UNCERTAIN, _OLD),
    State.NO_VALUE: (StatusClass.BAD, _NONE),
    State.NO_CHANNEL: (StatusClass.BAD, _NONE),
    State.WAITING: (StatusClass.BAD, _NONE),
    State.UNIT_MISMATCH: (StatusClass.BAD, "the value may be wrong by orders of magnitude"),
    State.OUT_OF_SERVICE: (StatusClass.BAD, "the channel is not to be used"),
    State.COMMUNICATION_LOST: (StatusClass.BAD, "the value is too old to be shown"),
    State.STOPPED: (StatusClass.BAD, "nobody renews the value any more"),
}
_LEAST_SEVERITY = {
    StatusClass.GOOD: Severity.NO_ALARM,
    StatusClass.UNCERTAIN: Severity.MINOR,
    StatusClass.BAD: Severity.INVALID,
}

OVERRIDABLE: tuple[State, ...] = tuple(state for state in State if state is not State.GOOD)
"""States that the settings may change."""


def best_class(state: State) -> StatusClass:
    """The best that a state may be made over OPC UA."""
    return _BEST.get(state, (StatusClass.GOOD, ""))[0]


def refusals(state: State, override: QualityOverride) -> Iterator[tuple[str, str, str]]:
    """What cannot be done: the key meant, what is wrong and the remedy.

    Args:
        state: One of `OVERRIDABLE`.
        override: What the settings want; its status is one of `STATUS_CODES`.
    """
    best, why = _BEST.get(state, (StatusClass.GOOD, ""))
    least = _LEAST_SEVERITY[best]
    row = _overridden(QUALITY[state], override)
    wanted = status_class(row.status_code)
    if wanted < best:
        allowed = "Bad" if best is StatusClass.BAD else "Uncertain or Bad"
        yield (
            "status",
            f"{state} cannot be {override.status}, because {why}",
            f"choose a name that begins with {allowed}",
        )
        return
    if row.severity < least:
        allowed = "INVALID" if least is Severity.INVALID else f"{least.name} or worse"
        yield "severity", f"{state} cannot be {row.severity.name}, because {why}", f"choose {allowed}"
    elif row.severity is Severity.NO_ALARM and wanted is not StatusClass.GOOD:
        what = f"{state} cannot be {row.status_name} over OPC UA and NO_ALARM over EPICS"
        yield "severity", what, "choose MINOR or worse"


def quality_table(overrides: Mapping[State, QualityOverride], *, simulated: bool = False) -> Mapping[State, Quality]:
    """The default table with the rows that the settings change; the default table itself where nothing changes.

    Args:
        overrides: Rows to change; those that `refusals` has nothing against.
        simulated: Whether a simulator stands for the analyser: then nothing is Good, and nothing without alarm.
    """
    if not overrides and not simulated:
        return QUALITY
    table = {state: _overridden(row, overrides.get(state)) for state, row in QUALITY.items()}
    return {state: _simulated(row) for state, row in table.items()} if simulated else table


def _overridden(row: Quality, override: QualityOverride | None) -> Quality:
    if override is None:
        return row
    severity = row.severity if override.severity is None else Severity[override.severity]
    return replace(
        row,
        status_name=override.status or row.status_name,
        severity=severity,
        status=AlarmStatus.NO_ALARM if severity is Severity.NO_ALARM else row.status,
    )


def _simulated(row: Quality) -> Quality:
    if status_class(row.status_code) is not StatusClass.GOOD:
        return row
    status = AlarmStatus.SIMM if row.severity is Severity.NO_ALARM else row.status
    severity = max(row.severity, Severity.MINOR)
    return replace(row, status_name="UncertainSimulatedValue", status=status, severity=severity)
