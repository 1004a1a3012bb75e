"""Which kind of file a path means: its suffix says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from anyio import to_thread

from gateway.daq.block import DaqBlock
from gateway.daq.block_file.csv_text import CsvReader, CsvWriter
from gateway.daq.block_file.header import FileHeader, RecordedBlock
from gateway.daq.block_file.npz import NpzReader, NpzWriter
from gateway.daq.errors import DaqLoggingError, DaqValidationError
from gateway.daq.task import TaskSpec


class BlockWriter(Protocol):
    """Writes blocks to a file; its methods block."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    def write(self, block: DaqBlock) -> None:
        """Append a block."""
        ...

    def close(self) -> None:
        """Complete the file."""
        ...


class BlockReader(Protocol):
    """Reads them again; its methods block."""

    @property
    def header(self) -> FileHeader:
        """Of the file."""
        ...

    def blocks(self) -> Iterator[RecordedBlock]:
        """The blocks, in order, read as they are asked for."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


_KINDS: dict[str, tuple[type[NpzWriter | CsvWriter], type[NpzReader | CsvReader]]] = {
    ".npz": (NpzWriter, NpzReader),
    ".csv": (CsvWriter, CsvReader),
}


def open_reader(path: Path) -> BlockReader:
    """Open a recording.

    Raises:
        OSError: The file cannot be read.
        DaqValidationError: It is no recording.
    """
    return _kind(path)[1](path)


def writer_for(path: Path, header: FileHeader) -> BlockWriter:
    """Begin a recording.

    Raises:
        OSError: The file cannot be written.
        DaqValidationError: The suffix is not known.
    """
    return _kind(path)[0](path, header)


async def open_writer(task: TaskSpec, device: str, rate_hz: float) -> BlockWriter | None:
    """Begin the file that a task asks for.

    Returns:
        None if it asks for none.

    Raises:
        DaqLoggingError: It cannot be written.
        DaqValidationError: The suffix is not known.
    """
    if task.logging is None:
        return None
    path = task.logging.path
    rows = [channel for channel in task.inputs if not channel.cold_junction]
    header = FileHeader(
        device,
        task.name,
        tuple(channel.name for channel in rows),
        tuple(channel.unit for channel in rows),
        rate_hz,
        datetime.now(UTC).isoformat(),
    )
    try:
        return await to_thread.run_sync(writer_for, path, header)
    except OSError as error:
        raise DaqLoggingError(str(error), where=str(path)) from error


def _kind(path: Path) -> tuple[type[NpzWriter | CsvWriter], type[NpzReader | CsvReader]]:
    try:
        return _KINDS[path.suffix]
    except KeyError:
        known = " or ".join(_KINDS)
        raise DaqValidationError(f"the kind of file is not known; use {known}", where=str(path)) from None
