"""`analyser-gateway user ...`: one verb each; the work is in `cli.user`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

user_verbs = typer.Typer(
    name="user", help="Users who may log in over OPC UA.", no_args_is_help=True, rich_markup_mode=None
)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings file, for its users_file.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="User name, as typed at the login.")]
CertificateFile = Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="File of the certificate, DER or PEM.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File with the password in its first line, - for standard input.")
]
PasswordVariable = Annotated[str | None, typer.Option("--password-env", help="Environment variable with the password.")]


class RoleName(StrEnum):
    """Roles, as they are typed."""

    OBSERVER = "observer"
    OPERATOR = "operator"
    ENGINEER = "engineer"


@user_verbs.command()
def add(
    config: ConfigFile,
    name: UserName,
    role: Annotated[RoleName, typer.Option(help="What the user may do.")] = RoleName.OBSERVER,
    password_file: PasswordFile = None,
    password_env: PasswordVariable = None,
    certificate: Annotated[
        Path | None,
        typer.Option(help="File of a certificate to log in with, DER or PEM; then no password is asked for."),
    ] = None,
) -> None:
    """Add a user; without an option for it, the password is asked for."""
    from gateway.cli.password_source import PasswordSource
    from gateway.cli.user import add_user

    add_user(config, name, role.value, PasswordSource(password_file, password_env), certificate, sys.stdout)


@user_verbs.command(name="list")
def list_(config: ConfigFile) -> None:
    """List everybody who may log in."""
    from gateway.cli.user import list_users

    list_users(config, sys.stdout)


@user_verbs.command()
def passwd(
    config: ConfigFile, name: UserName, password_file: PasswordFile = None, password_env: PasswordVariable = None
) -> None:
    """Give a user another password; sessions opened with the old one end."""
    from gateway.cli.password_source import PasswordSource
    from gateway.cli.user import set_password

    set_password(config, name, PasswordSource(password_file, password_env), sys.stdout)


@user_verbs.command()
def role(
    config: ConfigFile,
    name: UserName,
    role: Annotated[RoleName, typer.Argument(metavar="ROLE", help="What the user may do from now on.")],
) -> None:
    """Give a user another role; the user's sessions end and can be opened again."""
    from gateway.cli.user import set_role

    set_role(config, name, role.value, sys.stdout)


@user_verbs.command()
def certificate(
    config: ConfigFile,
    name: UserName,
    certificate: CertificateFile,
    remove: Annotated[bool, typer.Option("--remove", help="The user can no longer log in with it.")] = False,
) -> None:
    """Let a user log in with a certificate; it must be trusted as well, see the verb `pki`."""
    from gateway.cli.user import set_certificate

    set_certificate(config, name, certificate, remove=remove, out=sys.stdout)


@user_verbs.command()
def disable(config: ConfigFile, name: UserName) -> None:
    """Lock a user out until `enable`; the user's sessions end."""
    from gateway.cli.user import set_disabled

    set_disabled(config, name, disabled=True, out=sys.stdout)


@user_verbs.command()
def enable(config: ConfigFile, name: UserName) -> None:
    """Let a disabled user in again."""
    from gateway.cli.user import set_disabled

    set_disabled(config, name, disabled=False, out=sys.stdout)


@user_verbs.command()
def remove(config: ConfigFile, name: UserName) -> None:
    """Remove a user; the user's sessions end."""
    from gateway.cli.user import remove_user

    remove_user(config, name, sys.stdout)
