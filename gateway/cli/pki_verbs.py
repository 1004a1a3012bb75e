"""`analyser-gateway pki ...`: one verb each; the work is in `cli.pki`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

pki_verbs = typer.Typer(
    name="pki",
    help="Certificates of the OPC UA server and of its clients.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings file, for its security.pki.")]
Thumbprint = Annotated[str, typer.Argument(metavar="THUMBPRINT", help="Thumbprint, or its first digits.")]


@pki_verbs.command(name="list")
def list_(config: ConfigFile) -> None:
    """List every certificate and revocation list: the server's own, trusted, rejected."""
    from gateway.cli.pki_listing import list_certificates

    list_certificates(config, sys.stdout)


@pki_verbs.command()
def trust(
    config: ConfigFile,
    certificate: Annotated[
        str, typer.Argument(metavar="CERTIFICATE", help="Thumbprint of a rejected one, or a file; also an authority's.")
    ],
    user: Annotated[bool, typer.Option("--user", help="It belongs to a person, for logging in.")] = False,
    issuer: Annotated[bool, typer.Option("--issuer", help="Only to complete chains to a trusted authority.")] = False,
) -> None:
    """Trust a client, a person or an authority, or take in a revocation list; it counts without a restart."""
    from gateway.cli.pki import trust_certificate

    trust_certificate(config, certificate, user=user, issuer=issuer, out=sys.stdout, messages=sys.stderr)


@pki_verbs.command()
def reject(config: ConfigFile, certificate: Thumbprint) -> None:
    """Trust a certificate no longer; who is connected with it is sent away within seconds."""
    from gateway.cli.pki import reject_certificate

    reject_certificate(config, certificate, sys.stdout)


@pki_verbs.command()
def remove(config: ConfigFile, certificate: Thumbprint) -> None:
    """Delete a certificate, wherever it is but in own."""
    from gateway.cli.pki import remove_certificate

    remove_certificate(config, certificate, sys.stdout)


@pki_verbs.command()
def show(
    config: ConfigFile,
    certificate: Annotated[
        str, typer.Argument(metavar="THUMBPRINT", help="Thumbprint, or its first digits; the server's own if left out.")
    ] = "",
) -> None:
    """Show what is in a certificate."""
    from gateway.cli.pki_listing import show_certificate

    show_certificate(config, certificate, sys.stdout)


@pki_verbs.command()
def renew(
    config: ConfigFile,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a new private key as well.")] = False,
) -> None:
    """Make the server a new self-signed certificate, for its next start; clients have to trust it then."""
    from gateway.cli.pki import renew_certificate

    renew_certificate(config, new_key=new_key, out=sys.stdout)
