"""NumPy's archive: every block is a member `samples_<first index>`, so `numpy.load` reads it, too."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gateway.daq.block import DaqBlock
from gateway.daq.block_file.header import FileHeader, RecordedBlock
from gateway.daq.errors import DaqValidationError

_HEADER = "header.json"
_MEMBER = re.compile(r"samples_(\d+)\.npy")


class NpzWriter:
    """Writes blocks one by one, uncompressed; the file can be read once it is closed.

    Args:
        path: The file; one that exists is replaced.
        header: Of the file.
    """

    def __init__(self, path: Path, header: FileHeader) -> None:
        self.path = path
        self._archive = zipfile.ZipFile(path, "w")
        self._archive.writestr(_HEADER, header.as_json())

    def write(self, block: DaqBlock) -> None:
        """Append a block; error blocks hold nothing and are passed over."""
        if block.first_sample_index is None:
            return
        with self._archive.open(f"samples_{block.first_sample_index}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, block.data, allow_pickle=False)

    def close(self) -> None:
        """Write the table of contents. Repeatable."""
        self._archive.close()


class NpzReader:
    """Reads what `NpzWriter` has written, one block at a time.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.
        DaqValidationError: It is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        try:
            self._archive = zipfile.ZipFile(path)
            self.header = FileHeader.from_json(self._archive.read(_HEADER).decode(), self._where)
        except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
            raise DaqValidationError("no archive of recorded blocks", where=self._where) from error

    def blocks(self) -> Iterator[RecordedBlock]:
        """The blocks in the order of writing.

        Raises:
            DaqValidationError: A block is damaged.
        """
        for name in self._archive.namelist():
            found = _MEMBER.fullmatch(name)
            if found is None:
                continue
            try:
                data = np.lib.format.read_array(io.BytesIO(self._archive.read(name)), allow_pickle=False)
            except (ValueError, EOFError, zipfile.BadZipFile) as error:
                raise DaqValidationError("the block is damaged", where=f"{self._where}:{name}") from error
            if data.dtype != np.float64 or data.ndim != 2 or len(data) != len(self.header.channels):
                raise DaqValidationError("the block has another shape than its file", where=f"{self._where}:{name}")
            yield RecordedBlock(int(found[1]), data)

    def close(self) -> None:
        """Close the file. Repeatable."""
        self._archive.close()
