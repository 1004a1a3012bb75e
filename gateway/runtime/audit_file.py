"""The audit file: lines of JSON, appended whole."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO

from gateway.errors import InputError


class AuditFile:
    """Appends to one file, which is opened for every write: whoever rotates it need not tell the gateway.

    Args:
        path: The file; made for its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make sure that lines can be appended.

        Raises:
            InputError: They cannot.
        """
        try:
            self._open().close()
        except OSError as error:
            raise InputError(
                f"the audit file cannot be written: {error.strerror}",
                where=str(self.path),
                hint="correct audit_file in the settings, or the permissions of its folder",
            ) from error

    def append(self, lines: bytes) -> None:
        """Append whole lines; a line that an earlier write left unfinished is ended first. Blocks; call it in a thread.

        Raises:
            OSError: They could not be written, or not all of them.
        """
        with self._open() as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    lines = b"\n" + lines
            if file.write(lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open(self) -> IO[bytes]:
        file = open(self.path, "ab+", buffering=0, opener=_for_the_owner_alone)  # noqa: SIM115  the caller closes it
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(errno.EINVAL, "it is not a regular file")
        return file


def _for_the_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
