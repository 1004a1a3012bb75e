"""Where `capture` writes: a new file of this user alone, or standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from gateway.errors import GatewayError, InputError

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class CaptureOutput:
    """The destination as the user named it.

    Attributes:
        name: Path of a file, or `-`.
        overwrite: Whether a file that is there may be replaced.
    """

    name: str
    overwrite: bool

    def check(self) -> None:
        """Refuse what cannot be written, before anything starts.

        Raises:
            InputError: The file is there and may not be replaced, is no ordinary file, or its folder is missing.
        """
        if self.name == STANDARD_OUTPUT:
            return
        path = Path(self.name)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise InputError("it is no ordinary file", where=self.name, hint="name another one, or redirect the output")
        if path.exists() and not self.overwrite:
            raise InputError("the file exists", where=self.name, hint="name another one, or give --overwrite")
        if not path.parent.is_dir():
            raise InputError("there is no such folder", where=str(path.parent), hint="create it first")

    def open(self) -> TextIO:
        """Create the file; nobody but its user can read it, since traffic may tell more than the values served.

        Raises:
            InputError: It cannot be created.
        """
        if self.name == STANDARD_OUTPUT:
            return sys.stdout
        path = Path(self.name)
        try:
            if self.overwrite:
                path.unlink(missing_ok=True)
            return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii")
        except OSError as error:
            hint = "name another file" + (", or give --overwrite" if isinstance(error, FileExistsError) else "")
            raise InputError(f"cannot be created: {error.strerror}", where=self.name, hint=hint) from error


class CaptureWriter:
    """Writes lines so that whoever reads the file meanwhile sees whole ones.

    Attributes:
        broken: Whether nobody reads standard output any more; what is written then is thrown away.
    """

    def __init__(self, output: CaptureOutput) -> None:
        self._output = output
        self._file: TextIO | None = None
        self.broken = False

    def write(self, lines: Sequence[str]) -> None:
        """Write lines, given without their ends. The first ones create the file.

        Raises:
            InputError: The file cannot be created.
            GatewayError: The disk is full, or gone.
        """
        if not lines or self.broken:
            return
        try:
            if self._file is None:
                self._file = self._output.open()
            self._file.write("".join(f"{line}\n" for line in lines))
            self._file.flush()
        except BrokenPipeError:
            self.broken = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes
        except OSError as error:
            hint = "what was written before is whole"
            raise GatewayError(f"cannot be written: {error.strerror}", where=self._output.name, hint=hint) from error

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._file is not None and self._file is not sys.stdout:
            self._file.close()
