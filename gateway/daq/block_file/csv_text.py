"""Text: a header line, the names, then one line per scan; a gap in the sample numbers is a gap in the samples."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gateway.daq.block import DaqBlock
from gateway.daq.block_file.header import FileHeader, RecordedBlock
from gateway.daq.errors import DaqValidationError

_FIRST = "# analyser-gateway daq "
_SCANS_PER_BLOCK = 4096


class CsvWriter:
    """Writes every scan at once, so that a file cut off by a power failure is good up to its last line.

    Args:
        path: The file; one that exists is replaced.
        header: Of the file.
    """

    def __init__(self, path: Path, header: FileHeader) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8", newline="")
        self._file.write(f"{_FIRST}{header.as_json()}\n")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(("sample", "utc", *header.channels))
        self._file.flush()

    def write(self, block: DaqBlock) -> None:
        """Append a block; error blocks hold nothing and are passed over."""
        if block.first_sample_index is None:
            return
        for k, scan in enumerate(block.data.T.tolist()):
            self._rows.writerow((block.first_sample_index + k, block.sample_utc(k).isoformat(), *map(repr, scan)))
        self._file.flush()

    def close(self) -> None:
        """Close the file. Repeatable."""
        self._file.close()


class CsvReader:
    """Reads what `CsvWriter` has written, some thousand scans at a time.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.
        DaqValidationError: It is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        self._file = path.open(encoding="utf-8", newline="")
        try:
            first = self._file.readline()
            self.header = FileHeader.from_json(first.removeprefix(_FIRST), self._where)
            self._file.readline()
        except BaseException:
            self._file.close()
            raise

    def blocks(self) -> Iterator[RecordedBlock]:
        """Consecutive scans.

        Raises:
            DaqValidationError: A line is damaged; the message names it.
        """
        first, scans = 0, list[list[float]]()
        for line, fields in enumerate(csv.reader(self._file), start=3):
            try:
                sample, scan = int(fields[0]), [float(field) for field in fields[2:]]
            except (ValueError, IndexError) as error:
                raise DaqValidationError("the line is no scan", where=f"{self._where}:{line}") from error
            if len(scan) != len(self.header.channels):
                raise DaqValidationError("the line has another number of channels", where=f"{self._where}:{line}")
            if scans and (sample != first + len(scans) or len(scans) == _SCANS_PER_BLOCK):
                yield RecordedBlock(first, np.array(scans).T.copy())
                scans.clear()
            if not scans:
                first = sample
            scans.append(scan)
        if scans:
            yield RecordedBlock(first, np.array(scans).T.copy())

    def close(self) -> None:
        """Close the file. Repeatable."""
        self._file.close()
