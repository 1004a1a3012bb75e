"""The users file: JSON that only `analyser-gateway user` writes, read as a whole or refused as a whole."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import stat
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.errors import InputError
from gateway.model.password_hash import PasswordHash
from gateway.model.role import Role
from gateway.model.user import LONGEST_NAME, NAME_PATTERN, User

FORMAT = 1
LARGEST = 1 << 20
"""Bytes; some thousand users."""

_MODE = 0o600
_HINT = "restore it from a copy, or move it away and add the users anew with `analyser-gateway user add`"
_NAME = re.compile(NAME_PATTERN)
_THUMBPRINT = re.compile(r"[0-9a-f]{64}")


class UserFile:
    """One users file, read again when it has changed.

    Args:
        path: The file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: object = None

    def read(self) -> dict[str, User]:
        """Every user by name. Blocks.

        Raises:
            InputError: The file cannot be used.
        """
        self._read = self._mark()
        return read_users(self._path)

    def read_if_changed(self) -> dict[str, User] | None:
        """Every user by name; None if the file is as it was. Blocks.

        Raises:
            InputError: The file cannot be used. It counts as read all the same.
        """
        return None if self._mark() == self._read else self.read()

    def _mark(self) -> object:
        """Something that is different once the file has been replaced."""
        try:
            status = self._path.stat()
        except OSError as error:
            return error.errno
        return status.st_mtime_ns, status.st_size, status.st_ino


class _FaultError(Exception):
    """What is wrong, and at which key."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(what)
        self.where = where
        self.what = what


def is_name(text: str) -> bool:
    """Whether a user can be called this."""
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


def read_users(path: Path) -> dict[str, User]:
    """Every user of a file, by name; of a file that does not exist, nobody. Blocks.

    Raises:
        InputError: The file cannot be read, or anything in it is wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(
            f"the users file cannot be read: {error.strerror}", where=str(path), hint="correct its permissions"
        ) from error
    if len(content) > LARGEST:
        raise InputError(f"the users file is larger than {LARGEST} bytes", where=str(path), hint=_HINT)
    try:
        return _users(json.loads(content, object_pairs_hook=_once))
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", where=f"{path}:{error.lineno}:{error.colno}", hint=_HINT) from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", where=str(path), hint=_HINT) from error
    except RecursionError:
        raise InputError("nested too deeply", where=str(path), hint=_HINT) from None
    except _FaultError as fault:
        where = f"{path}: {fault.where}" if fault.where else str(path)
        raise InputError(fault.what, where=where, hint=_HINT) from None


def write_users(path: Path, users: Mapping[str, User]) -> None:
    """Replace a file as a whole, for its owner alone. A reader sees the old one or the new one. Blocks.

    Raises:
        InputError: It cannot be written; the old file is as it was.
    """
    text = json.dumps({"format": FORMAT, "users": {name: _plain(users[name]) for name in users}}, indent=2)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(f"{text}\n")
                file.flush()
                os.fsync(handle)
            _keep_owner(path, name)
            os.replace(name, path)  # noqa: PTH105  of a name that may be gone
        except BaseException:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise
    except OSError as error:
        raise InputError(
            f"the users file cannot be written: {error.strerror}", where=str(path), hint="correct the permissions"
        ) from error


def readable_by_others(path: Path) -> bool:
    """Whether anybody but the owner may read the file; False for one that does not exist."""
    try:
        return os.name == "posix" and bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False


def _keep_owner(path: Path, name: str) -> None:
    """An administrator who changes the file of a service must not take it away from the service."""
    if os.name != "posix":
        return
    with suppress(FileNotFoundError):
        owner = path.stat()
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(name, owner.st_uid, owner.st_gid)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _FaultError("", f"'{key[:LONGEST_NAME]}' stands there twice")
        found[key] = value
    return found


def _fields(value: object, where: str, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _FaultError(where, "must be an object in braces")
    for key in required:
        if key not in value:
            raise _FaultError(where, f"'{key}' is missing")
    for key in value:
        if key not in required and key not in optional:
            raise _FaultError(where, f"'{key[:LONGEST_NAME]}' is not known here")
    return value


def _users(document: object) -> dict[str, User]:
    top = _fields(document, "", ("format", "users"))
    if top["format"] != FORMAT:
        raise _FaultError("format", f"must be {FORMAT}; a newer gateway may have written the file")
    if not isinstance(top["users"], dict):
        raise _FaultError("users", "must be an object in braces")
    users: dict[str, User] = {}
    owners: dict[str, str] = {}
    for name, value in top["users"].items():
        where = f"users.{name[:LONGEST_NAME]}"
        if not is_name(name):
            raise _FaultError(where, f"a name must be letters, digits, '_', '.', '@' and '-', at most {LONGEST_NAME}")
        users[name] = _user(value, where)
        for thumbprint in users[name].certificates:
            if owners.setdefault(thumbprint, name) != name:
                raise _FaultError(f"{where}.certificates", f"the certificate is that of {owners[thumbprint]} already")
    return users


def _user(value: object, where: str) -> User:
    fields = _fields(value, where, ("role",), ("password", "certificates", "disabled"))
    try:
        role = Role(fields["role"])
    except ValueError:
        raise _FaultError(f"{where}.role", f"must be one of {', '.join(Role)}") from None
    certificates = fields.get("certificates", [])
    if not isinstance(certificates, list) or not all(
        isinstance(one, str) and _THUMBPRINT.fullmatch(one) for one in certificates
    ):
        raise _FaultError(f"{where}.certificates", "must be a list of SHA-256 thumbprints in lower-case hexadecimal")
    disabled = fields.get("disabled", False)
    if not isinstance(disabled, bool):
        raise _FaultError(f"{where}.disabled", "must be true or false")
    password = fields.get("password")
    hashed = None if password is None else _password(password, f"{where}.password")
    return User(role, hashed, tuple(certificates), disabled)


def _password(value: object, where: str) -> PasswordHash:
    fields = _fields(value, where, ("scheme", "n", "r", "p", "salt", "hash"))
    if fields["scheme"] != "scrypt":
        raise _FaultError(f"{where}.scheme", "must be scrypt")
    for key in ("n", "r", "p"):
        if type(fields[key]) is not int:
            raise _FaultError(f"{where}.{key}", "must be a whole number")
    decoded: dict[str, bytes] = {}
    for key in ("salt", "hash"):
        try:
            decoded[key] = base64.b64decode(fields[key], validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise _FaultError(f"{where}.{key}", "must be base64") from None
    try:
        return PasswordHash(decoded["salt"], decoded["hash"], fields["n"], fields["r"], fields["p"])
    except ValueError as error:
        raise _FaultError(where, str(error)) from None


def _plain(user: User) -> dict[str, object]:
    plain: dict[str, object] = {"role": user.role.value}
    if user.password is not None:
        one = user.password
        salt, digest = (base64.b64encode(part).decode() for part in (one.salt, one.digest))
        plain["password"] = {"scheme": "scrypt", "n": one.n, "r": one.r, "p": one.p, "salt": salt, "hash": digest}
    if user.certificates:
        plain["certificates"] = list(user.certificates)
    if user.disabled:
        plain["disabled"] = True
    return plain
