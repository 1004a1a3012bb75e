"""A list of certificates in folders, read again when somebody has changed a file."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from cryptography import x509

from gateway.adapters.opcua.security.pki_folders import (
    CERTIFICATE_SUFFIXES,
    REVOCATION_SUFFIXES,
    StoreFolder,
    read_certificates,
    read_revocations,
)

_LOG = logging.getLogger("gateway.adapters.opcua")
_HIDDEN = "."

T = TypeVar("T")
_Entry = tuple[str, int, int, int]
_Listing = tuple[_Entry, ...]


def _listing(folder: Path) -> _Listing:
    """Name, inode, size and time of each file: changes whenever a file does. A missing folder is an empty one."""
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.name, status.st_ino, status.st_size, status.st_mtime_ns)
                for entry in entries
                if not entry.name.startswith(_HIDDEN) and entry.is_file()
                for status in (entry.stat(),)
            ]
    except OSError:
        return ()
    return tuple(sorted(found))


class _Folder:
    """Files of one folder, read by one function, each once as long as it stays as it is."""

    def __init__(self, folder: Path, suffixes: frozenset[str], read: Callable[[Path], Sequence[object]]) -> None:
        self._folder = folder
        self._suffixes = suffixes
        self._read = read
        self._seen: _Listing | None = None
        self._read_files: dict[_Entry, Sequence[object]] = {}

    @property
    def content(self) -> Iterator[object]:
        """What was read, in the order of the names."""
        return (one for content in self._read_files.values() for one in content)

    def refresh(self) -> bool:
        """Read what is new; returns whether anything has changed."""
        listing = _listing(self._folder)
        if listing == self._seen:
            return False
        self._seen = listing
        before = self._read_files
        self._read_files = {entry: before[entry] if entry in before else self._read_file(entry[0]) for entry in listing}
        return True

    def _read_file(self, name: str) -> Sequence[object]:
        path = self._folder / name
        if path.suffix.lower() not in self._suffixes:
            _LOG.warning("%s is passed over: its name does not end in %s", path, ", ".join(sorted(self._suffixes)))
            return ()
        try:
            return self._read(path)
        except (OSError, ValueError) as error:
            _LOG.warning("%s is passed over: %s", path, error)
            return ()


class TrustList:
    """Certificates and revocation lists of some store folders, by themselves up to date.

    A look that finds nothing changed costs two listings per store, about 20 us each.

    Args:
        stores: Where they lie.
    """

    def __init__(self, *stores: StoreFolder) -> None:
        self._certificates = [_Folder(store.certificates, CERTIFICATE_SUFFIXES, read_certificates) for store in stores]
        self._revocations = [
            _Folder(store.revocations, REVOCATION_SUFFIXES, lambda path: [read_revocations(path)]) for store in stores
        ]
        self.certificates: tuple[x509.Certificate, ...] = ()
        self.revocations: tuple[x509.CertificateRevocationList, ...] = ()
        self.version = 0
        """Grows with every change."""

    def refresh(self) -> None:
        """Take in what has changed since the last time."""
        if _any_new(self._certificates):
            self.version += 1
            self.certificates = _all_of(self._certificates, x509.Certificate)
        if _any_new(self._revocations):
            self.version += 1
            self.revocations = _all_of(self._revocations, x509.CertificateRevocationList)

    def __contains__(self, certificate: x509.Certificate) -> bool:
        return certificate in self.certificates


def _any_new(folders: Iterable[_Folder]) -> bool:
    news = [folder.refresh() for folder in folders]
    return any(news)


def _all_of(folders: Iterable[_Folder], kind: type[T]) -> tuple[T, ...]:
    return tuple(one for folder in folders for one in folder.content if isinstance(one, kind))
