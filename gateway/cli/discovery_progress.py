"""What `discover` shows while it works: bars on a terminal, lines anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

from gateway.wire.finding_notes import Progress as LinkProgress

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressDisplay(Protocol):
    """Where the progress of all links is shown."""

    def link(self, name: str) -> LinkProgress:
        """The progress of one more link."""
        ...


@dataclass(frozen=True)
class Lines:
    """A line for each beginning and each finding."""

    out: TextIO

    def link(self, name: str) -> LinkProgress:
        """See `ProgressDisplay`."""
        return _LinesOfLink(self.out, name)


@dataclass(frozen=True)
class _LinesOfLink:
    out: TextIO
    name: str

    def phase(self, what: str, steps: int | None) -> None:
        del steps
        self.found(what)

    def step(self) -> None:
        pass

    def found(self, what: str) -> None:
        self.out.write(f"{self.name}: {what}\n")
        self.out.flush()


@dataclass(frozen=True)
class Bars:
    """A bar for each link, and above them a line for each finding."""

    progress: Progress

    def link(self, name: str) -> LinkProgress:
        """See `ProgressDisplay`."""
        return _Bar(self.progress, name, self.progress.add_task(name, total=None, what=""))


@dataclass(frozen=True)
class _Bar:
    progress: Progress
    name: str
    task: TaskID

    def phase(self, what: str, steps: int | None) -> None:
        self.progress.reset(self.task, total=steps, what=what)

    def step(self) -> None:
        self.progress.advance(self.task)

    def found(self, what: str) -> None:
        self.progress.console.print(f"{self.name}: {what}", markup=False, highlight=False)


@contextmanager
def progress_display(out: TextIO) -> Iterator[ProgressDisplay]:
    """A display for the length of a block; the bars are gone after it, the lines stay."""
    if not out.isatty():
        yield Lines(out)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}", markup=False),
    )
    with Progress(*columns, console=Console(file=out), transient=True) as progress:
        yield Bars(progress)
