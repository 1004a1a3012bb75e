"""`analyser-gateway user ...`: changes of the users file, which a running gateway takes in by itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.cli.password_source import PasswordSource
from gateway.errors import InputError
from gateway.model.password_hash import PasswordHash
from gateway.model.role import Role
from gateway.model.user import LONGEST_NAME, User
from gateway.runtime.user_file import is_name, read_users, write_users
from gateway.settings.document import read_document
from gateway.settings.problems import nearest
from gateway.settings.reading import beside

_SHOWN_DIGITS = 16
_PEM = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class _Site:
    """What the settings say of users; they need not be right in all else."""

    users_file: Path
    operators: Mapping[str, object]


def _site(config: Path) -> _Site:
    """Find the users file.

    Raises:
        InputError: The settings cannot be read, or name no users file.
    """
    content = read_document(config, os.environ).content
    named, operators = content.get("users_file"), content.get("operators")
    path = beside(str(config), Path(named)) if isinstance(named, str) and named else None
    if path is None:
        raise InputError("the settings have no users_file", where=str(config), hint="add 'users_file: users.json'")
    return _Site(path, operators if isinstance(operators, dict) else {})


def _known(users: Mapping[str, User], name: str, path: Path) -> User:
    if name not in users:
        raise InputError(f"there is no user '{name}'", where=str(path), hint=nearest(name, users, what="users"))
    return users[name]


def _role(name: str) -> Role:
    return next(role for role in Role if role.casefold() == name.casefold())


def add_user(config: Path, name: str, role: str, source: PasswordSource, certificate: Path | None, out: TextIO) -> None:
    """Add a user who is not there yet.

    Raises:
        InputError: The name, the password or the certificate cannot be used, or the file cannot be written.
    """
    site = _site(config)
    users = read_users(site.users_file)
    if not is_name(name):
        what = f"'{name}' is no user name: letters, digits, '_', '.', '@' and '-', at most {LONGEST_NAME}"
        raise InputError(what, hint="choose another")
    if name in users:
        hint = "change it with `user passwd`, `user role` or `user certificate`"
        raise InputError(f"user '{name}' is there already", where=str(site.users_file), hint=hint)
    if name in site.operators:
        hint = "remove it there, or choose another name"
        raise InputError(f"'{name}' is under operators in the settings", where=str(config), hint=hint)
    thumbprints = () if certificate is None else (_thumbprint(certificate),)
    _require_unowned(users, thumbprints, name)
    password = PasswordHash.of(source.read(name)) if source.is_given or certificate is None else None
    user = User(_role(role), password, thumbprints)
    write_users(site.users_file, users | {name: user})
    out.write(f"{name} added to {site.users_file} as {user.role}\n")


def list_users(config: Path, out: TextIO) -> None:
    """Write a line for everybody who may log in, those of the settings included.

    Raises:
        InputError: The users file cannot be used.
    """
    site = _site(config)
    rows = [("NAME", "ROLE", "LOGS IN BY", "")]
    for name, operator in sorted(site.operators.items()):
        proof = "password" if isinstance(operator, dict) and "password" in operator else "address, over EPICS"
        rows.append((name, Role.OPERATOR.value, proof, "operator of the settings"))
    for name, user in sorted(read_users(site.users_file).items()):
        proofs = ["password"] if user.password else []
        proofs += [f"certificate {thumbprint[:_SHOWN_DIGITS]}" for thumbprint in user.certificates]
        rows.append((name, user.role.value, ", ".join(proofs) or "nothing", "disabled" if user.disabled else ""))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)]
        out.write("  ".join(cells).rstrip() + "\n")


def set_password(config: Path, name: str, source: PasswordSource, out: TextIO) -> None:
    """Replace a password.

    Raises:
        InputError: There is no such user, or the password or the file cannot be used.
    """
    path = _site(config).users_file
    users = read_users(path)
    user = replace(_known(users, name, path), password=PasswordHash.of(source.read(name)))
    write_users(path, users | {name: user})
    out.write(f"{name} has a new password\n")


def set_role(config: Path, name: str, role: str, out: TextIO) -> None:
    """Replace a role.

    Raises:
        InputError: There is no such user, or the file cannot be used.
    """
    path = _site(config).users_file
    users = read_users(path)
    user = replace(_known(users, name, path), role=_role(role))
    write_users(path, users | {name: user})
    out.write(f"{name} is {user.role} from now on\n")


def set_certificate(config: Path, name: str, certificate: Path, *, remove: bool, out: TextIO) -> None:
    """Add or remove a certificate.

    Raises:
        InputError: There is no such user, or a file cannot be used.
    """
    path = _site(config).users_file
    users = read_users(path)
    user, thumbprint = _known(users, name, path), _thumbprint(certificate)
    others = tuple(one for one in user.certificates if one != thumbprint)
    if remove and len(others) == len(user.certificates):
        raise InputError(f"the certificate is not one of {name}'s", where=str(certificate), hint="look at `user list`")
    if not remove:
        _require_unowned(users, (thumbprint,), name)
    kept = others if remove else (*others, thumbprint)
    write_users(path, users | {name: replace(user, certificates=kept)})
    out.write(f"{name} {'no longer logs' if remove else 'logs'} in with certificate {thumbprint[:_SHOWN_DIGITS]}\n")


def set_disabled(config: Path, name: str, *, disabled: bool, out: TextIO) -> None:
    """Lock a user out, or let the user in again.

    Raises:
        InputError: There is no such user, or the file cannot be used.
    """
    path = _site(config).users_file
    users = read_users(path)
    user = replace(_known(users, name, path), disabled=disabled)
    write_users(path, users | {name: user})
    out.write(f"{name} {'is disabled' if disabled else 'may log in'}\n")


def remove_user(config: Path, name: str, out: TextIO) -> None:
    """Remove a user.

    Raises:
        InputError: There is no such user, or the file cannot be used.
    """
    path = _site(config).users_file
    users = read_users(path)
    _known(users, name, path)
    write_users(path, {other: user for other, user in users.items() if other != name})
    out.write(f"{name} removed from {path}\n")


def _thumbprint(certificate: Path) -> str:
    """SHA-256 of a certificate in lower-case hexadecimal."""
    try:
        content = certificate.read_bytes()
        load = x509.load_pem_x509_certificate if content.startswith(_PEM) else x509.load_der_x509_certificate
        return load(content).fingerprint(hashes.SHA256()).hex()
    except (OSError, ValueError) as error:
        raise InputError(
            f"no certificate can be read: {error}", where=str(certificate), hint="give a certificate, DER or PEM"
        ) from error


def _require_unowned(users: Mapping[str, User], thumbprints: tuple[str, ...], name: str) -> None:
    for other, user in users.items():
        if other != name and set(thumbprints) & set(user.certificates):
            raise InputError(f"the certificate is that of {other}", hint="a certificate must name one user")
