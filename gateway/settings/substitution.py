"""`${NAME}` in a settings value, and secrets from files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LONGEST_SECRET = 65536
"""Bytes; a secret is one line, so a larger file is a mistake."""

_REFERENCE = re.compile(
    r"(?P<escape>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<broken>\$\{)"
)


_ALONE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


class SubstitutionError(Exception):
    """A reference leads nowhere.

    Args:
        what: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Substituted:
    """A text with its references replaced; `names` are the variables it named."""

    text: str
    names: tuple[str, ...]


def substitute(text: str, environ: Mapping[str, str]) -> Substituted:
    """Replace `${NAME}` and `${NAME:-default}`; `$${` stands for `${` itself.

    The default is taken when the variable is unset or empty, as in the shell. What comes in is not searched again.

    Raises:
        SubstitutionError: A variable without a default is not set, or a reference is malformed.
    """
    names: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        if match["escape"]:
            return "${"
        if match["broken"]:
            raise SubstitutionError(
                f"'{text}' holds a '${{' that is no ${{NAME}}", "write ${NAME} or ${NAME:-default}, or $${ for the text"
            )
        name, default = match["name"], match["default"]
        names.append(name)
        value = environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise SubstitutionError(
                f"environment variable {name} is not set", f"set it, or give a default: ${{{name}:-value}}"
            )
        return value

    return Substituted(_REFERENCE.sub(replacement, text), tuple(names))


def is_reference(text: str) -> bool:
    """Whether a text is one `${NAME}` and nothing else, not even a default: it then gives nothing away."""
    return _ALONE.fullmatch(text) is not None


def read_secret(path: Path) -> str:
    """The one line of a secret file, without white space around it.

    Raises:
        SubstitutionError: The file cannot be read, or is not one line of UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_SECRET + 1)
        text = content.decode().strip()
    except OSError as error:
        raise SubstitutionError(
            f"secret file {path} cannot be read: {error.strerror}", "create it, or correct the path after !file"
        ) from error
    except UnicodeDecodeError as error:
        raise SubstitutionError(f"secret file {path} is not UTF-8 text", "save it as UTF-8") from error
    if len(content) > LONGEST_SECRET or not text or len(text.splitlines()) > 1:
        raise SubstitutionError(f"secret file {path} is not one line of text", "keep the secret alone in the file")
    return text
