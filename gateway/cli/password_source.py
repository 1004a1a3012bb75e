"""Where a verb gets a new password from: never from the command line, which others on the machine can read."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import InputError

SHORTEST = 8
LONGEST = 128
"""Characters; more would not fit into a login token of a 2048-bit server."""

_HINT = f"give one of {SHORTEST} to {LONGEST} characters that is not the user name"


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """What the options say.

    Attributes:
        file: File with the password in its first line, `-` for standard input.
        variable: Environment variable.
    """

    file: Path | None = None
    variable: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether there is anything but the terminal."""
        return self.file is not None or self.variable is not None

    def read(self, user: str) -> str:
        """The password for a user.

        Raises:
            InputError: There is none, or it is no good.
        """
        if self.file is not None and self.variable is not None:
            raise InputError("two passwords", where="options", hint="give --password-file or --password-env, not both")
        if self.file is not None:
            password, where = self._from_file(self.file), str(self.file)
        elif self.variable is not None:
            if self.variable not in os.environ:
                raise InputError(f"the environment has no variable {self.variable}", hint="set it, or ask for another")
            password, where = os.environ[self.variable], f"${{{self.variable}}}"
        else:
            password, where = _asked(user), "password"
        _require_good(password, user, where)
        return password

    def _from_file(self, file: Path) -> str:
        try:
            with sys.stdin if file == Path("-") else file.open(encoding="utf-8") as lines:
                return lines.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the password cannot be read: {error}", where=str(file), hint="check the file") from error


def _asked(user: str) -> str:
    if not sys.stdin.isatty():
        raise InputError(
            "nobody can be asked for the password", hint="give --password-file or --password-env, or use a terminal"
        )
    password = getpass.getpass(f"Password for {user}: ")
    if getpass.getpass("The same again: ") != password:
        raise InputError("these were two different passwords", hint="try again")
    return password


def _require_good(password: str, user: str, where: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"a password of {len(password)} characters", where=where, hint=_HINT)
    if password.casefold() == user.casefold():
        raise InputError("the password is the user name", where=where, hint=_HINT)
    if not password.isprintable():
        raise InputError("the password holds a character that cannot be seen", where=where, hint=_HINT)
