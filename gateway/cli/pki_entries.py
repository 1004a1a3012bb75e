"""Certificates in the folder that the settings name, as the verbs of `pki` see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from gateway.adapters.opcua.security.pki_folders import (
    CERTIFICATE_SUFFIXES,
    PkiFolders,
    application_uris,
    common_name,
    folder_error,
    read_certificates,
    thumbprint,
)
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.errors import InputError
from gateway.model.printable import printable
from gateway.settings.load import load_settings
from gateway.settings.site_settings import GatewaySettings

_FEWEST_DIGITS = 4
_NOT_THERE = "look with `analyser-gateway pki list`"


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate on disk.

    Attributes:
        place: Folder below the root, such as "trusted".
        path: Its file.
        certificate: The certificate.
    """

    place: str
    path: Path
    certificate: x509.Certificate

    @property
    def thumbprint(self) -> str:
        """SHA-1 in hexadecimal."""
        return thumbprint(self.certificate)

    @property
    def title(self) -> str:
        """Name and ApplicationUri."""
        uris = printable(", ".join(application_uris(self.certificate)), 100)
        return f"{common_name(self.certificate)} ({uris})" if uris else common_name(self.certificate)


def pki_settings(config: Path) -> tuple[GatewaySettings, OpcUaSettings, PkiFolders]:
    """The settings, their section of OPC UA, and its folder of certificates.

    Raises:
        InputError: The settings cannot be used, or have no such section.
    """
    settings = load_settings(config)
    section = settings.adapters.get("opcua")
    if not isinstance(section, OpcUaSettings):
        raise InputError("the settings have no section opcua", where=str(config), hint="add it under adapters")
    return settings, section, PkiFolders(section.security.pki)


def entries(folders: PkiFolders) -> list[Entry]:
    """Every certificate below the root.

    Raises:
        AdapterError: The folder cannot be read.
    """
    places = [
        ("own", folders.own_certificates),
        ("trusted", folders.trusted.certificates),
        ("issuers", folders.issuers.certificates),
        ("trusted_users", folders.trusted_users.certificates),
        ("rejected", folders.rejected),
    ]
    return [
        Entry(place, path, certificate)
        for place, folder in places
        for path in files_of(folder)
        if path.suffix.lower() in CERTIFICATE_SUFFIXES
        for certificate in certificates_of(path)
    ]


def files_of(folder: Path) -> list[Path]:
    """Files of one folder; none where there is no folder.

    Raises:
        AdapterError: The folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise folder_error(folder, error) from error


def certificates_of(path: Path) -> Sequence[x509.Certificate]:
    """Certificates of one file; none where it holds something else.

    Raises:
        AdapterError: The file cannot be read.
    """
    try:
        return read_certificates(path)
    except OSError as error:
        raise folder_error(path, error) from error
    except ValueError:
        return ()


def found(folders: PkiFolders, digits: str, places: Iterable[str]) -> Entry:
    """The one certificate whose thumbprint begins so.

    Args:
        folders: Where to look.
        digits: As typed: blanks and colons do not count.
        places: Folders below the root.

    Raises:
        InputError: There is none, or more than one.
        AdapterError: The folder cannot be read.
    """
    wanted = digits.replace(" ", "").replace(":", "").lower()
    fitting = {
        entry.thumbprint: entry
        for entry in entries(folders)
        if entry.place in places and entry.thumbprint.startswith(wanted)
    }
    if len(fitting) == 1 and len(wanted) >= _FEWEST_DIGITS:
        return next(iter(fitting.values()))
    what = "no certificate" if not fitting else "more than one certificate" if len(fitting) > 1 else "too few digits:"
    raise InputError(
        f"{what} with the thumbprint {printable(digits)} in {', '.join(places)}",
        where=str(folders.root),
        hint=_NOT_THERE,
    )
