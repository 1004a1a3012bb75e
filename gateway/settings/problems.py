"""Findings in a settings file, as lines of text that say what, where and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from gateway.errors import SettingsError
from gateway.settings.positions import KeyPath, Positions


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    Attributes:
        line: Line in the file, from 1; 0 for the file as a whole.
        column: Column, from 1; 0 for the whole line.
        what: What is wrong.
        remedy: What to do about it.
    """

    line: int
    column: int
    what: str
    remedy: str

    def text(self, file: str) -> str:
        """`file:line:column: what; remedy`, without the parts that are 0 or empty."""
        place = ":".join([file, *(str(number) for number in (self.line, self.column) if number)])
        text = f"{place}: {self.what}; {self.remedy}" if self.remedy else f"{place}: {self.what}"
        return text.replace("\n", "\\n")


@dataclass(slots=True)
class Problems:
    """Collects the errors and warnings of one file.

    Attributes:
        positions: Where the keys stand.
        unresolved: Values that could not be read (an unset variable, a missing file); already reported, so nothing
            more is said about them.
        secrets: Texts that no message may show, wherever it comes from.
        errors: What keeps the gateway from starting.
        warnings: What is odd but can be run.
    """

    positions: Positions
    unresolved: frozenset[KeyPath] = frozenset()
    secrets: tuple[str, ...] = ()
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, path: KeyPath, what: str, remedy: str) -> None:
        """Add an error at a key."""
        if self.positions.known(path) not in self.unresolved:
            self.errors.append(Problem(self.positions.line(path), 0, what, remedy))

    def warn(self, path: KeyPath, what: str, remedy: str) -> None:
        """Add a warning at a key."""
        self.warnings.append(Problem(self.positions.line(path), 0, what, remedy))

    def texts(self, problems: Iterable[Problem]) -> list[str]:
        """Lines of text in the order of the file, each once."""
        ordered = sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))
        return [self._without_secrets(problem.text(self.positions.file)) for problem in ordered]

    def _without_secrets(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "(secret)")
        return text

    def raise_errors(self) -> None:
        """Raise if anything was wrong.

        Raises:
            SettingsError: All errors.
        """
        if self.errors:
            raise SettingsError(self.texts(self.errors))


def split_message(message: str, remedy: str) -> tuple[str, str]:
    """What and remedy from a text that may hold both, divided by a semicolon."""
    what, divider, own_remedy = message.partition("; ")
    return (what, own_remedy) if divider else (message, remedy)


def choices(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def nearest(name: str, names: Iterable[str], *, what: str) -> str:
    """The remedy for a name that does not exist: the one most like it, or all there are.

    Args:
        name: As written.
        names: Those that exist.
        what: Their kind in the plural, "buses".
    """
    known = list(names)
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    return f"the {what} are {', '.join(known)}" if known else f"there are no {what}"
