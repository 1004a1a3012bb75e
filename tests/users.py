"""Users for tests, as a real users file with the cheapest hashes that it may hold."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from gateway.model.password_hash import PasswordHash
from gateway.model.role import Role
from gateway.model.user import User
from gateway.runtime.user_file import UserFile, write_users
from gateway.runtime.users import Users
from gateway.streaming.clock import SystemClock

_N, _R, _P = 1 << 14, 1, 1


def quick_hash(password: str) -> PasswordHash:
    """A hash that takes 3 ms instead of 80."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=1 << 26, dklen=32)
    return PasswordHash(salt, digest, _N, _R, _P)


def user_file(folder: Path, users: Mapping[str, tuple[Role, str]]) -> Path:
    """A users file with these names, roles and passwords."""
    path = folder / "users.json"
    write_users(path, {name: User(role, quick_hash(password)) for name, (role, password) in users.items()})
    return path


def user_directory(folder: Path, users: Mapping[str, tuple[Role, str]]) -> Users:
    """Who may log in, by a users file."""
    return Users({}, UserFile(user_file(folder, users)), SystemClock())
