"""Checks of the figures of one channel: decimals, ranges, and limits with their hysteresis and delay."""

from __future__ import annotations

from itertools import pairwise

from gateway.model.channel_spec import ChannelSpec
from gateway.model.points import AlarmLimits
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problems, choices

MOST_DECIMALS = 15
LONGEST_DELAY_S = 86_400.0
LIMIT_ORDER = ("low_low", "low", "high", "high_high")

Range = tuple[float, float]


def check_channel(path: KeyPath, spec: ChannelSpec, problems: Problems) -> None:
    """Add what is wrong with a channel to the problems.

    Args:
        path: Where it stands.
        spec: The channel.
        problems: Where to add.
    """
    name = ".".join(map(str, path))
    if not 0 <= spec.precision <= MOST_DECIMALS:
        problems.error(
            (*path, "precision"),
            f"{name}.precision must be 0 to {MOST_DECIMALS}, got {spec.precision}",
            "write the decimals worth showing",
        )
    shown = _usable((*path, "range"), spec.range, problems)
    possible = _usable((*path, "instrument_range"), spec.instrument_range, problems)
    if shown and possible and not (possible[0] <= shown[0] and shown[1] <= possible[1]):
        problems.error(
            (*path, "instrument_range"),
            f"{name}.instrument_range {_text(possible)} does not contain the range {_text(shown)}",
            "range is what the process is expected to give, instrument_range all that the analyser can show",
        )
    if spec.limits is not None:
        _check_limits((*path, "limits"), spec.limits, shown, possible, problems)


def _text(ends: Range) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"


def _usable(path: KeyPath, ends: Range | None, problems: Problems) -> Range | None:
    """A range that goes up, None for none; one that does not is a problem."""
    if ends is None or ends[0] < ends[1]:
        return ends
    problems.error(path, f"{'.'.join(map(str, path))} must go up, got {_text(ends)}", "write [lowest, highest]")
    return None


def _check_limits(
    path: KeyPath, limits: AlarmLimits, shown: Range | None, possible: Range | None, problems: Problems
) -> None:
    name = ".".join(map(str, path))
    given = [(key, value) for key in LIMIT_ORDER if (value := getattr(limits, key)) is not None]
    if not given:
        problems.warn(path, f"{name} names no limit", f"add one of {choices(LIMIT_ORDER)}, or remove it")
    ordered = True
    for (lower, below), (upper, above) in pairwise(given):
        if not below < above:
            ordered = False
            problems.error(
                path,
                f"{name}: {lower} ({below:g}) must be less than {upper} ({above:g})",
                "order them low_low, low, high, high_high",
            )
    ends, kind = (shown, "range") if shown else (possible, "instrument range")
    for key, value in given:
        if ends and not ends[0] <= value <= ends[1]:
            problems.error(
                (*path, key),
                f"{name}.{key} ({value:g}) is outside the {kind} {_text(ends)}",
                "widen the range, or correct the limit",
            )
    if not 0 <= limits.delay_s <= LONGEST_DELAY_S:
        problems.error(
            (*path, "delay_s"),
            f"{name}.delay_s must be 0 to {LONGEST_DELAY_S:g}, got {limits.delay_s:g}",
            "write seconds, 0 for none",
        )
    if limits.hysteresis < 0:
        what = f"{name}.hysteresis must not be less than 0, got {limits.hysteresis:g}"
        problems.error((*path, "hysteresis"), what, f"write it in the unit of {path[-2]}, 0 for none")
    elif ordered:
        _check_hysteresis(path, limits, ends, problems)


def _check_hysteresis(path: KeyPath, limits: AlarmLimits, ends: Range | None, problems: Problems) -> None:
    """Every alarm must be able to end: at a value that is possible, and before the one of the other side begins."""
    lows = [limit for limit in (limits.low, limits.low_low) if limit is not None]
    highs = [limit for limit in (limits.high, limits.high_high) if limit is not None]
    lowest, highest = ends or (None, None)
    floor = max([*lows, *([] if lowest is None else [lowest])], default=None)
    ceiling = min([*highs, *([] if highest is None else [highest])], default=None)
    stuck = [limit for limit in highs if floor is not None and limit - limits.hysteresis <= floor]
    stuck += [limit for limit in lows if ceiling is not None and limit + limits.hysteresis >= ceiling]
    if limits.hysteresis > 0 and stuck:
        name = ".".join(map(str, path))
        what = f"{name}.hysteresis ({limits.hysteresis:g}) is so large that the alarm at {stuck[0]:g} could never end"
        problems.error((*path, "hysteresis"), what, "write a smaller one")
