"""The certificates of the server and of those who talk to it: who is who, who is trusted, who was turned away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from asyncua.common.utils import ServiceError
from cryptography import x509

from gateway.adapters.opcua.security.application_identity import ApplicationIdentity
from gateway.adapters.opcua.security.certificate_judge import CertificateJudge, now_utc
from gateway.adapters.opcua.security.certificate_rules import (
    CertificatePurpose,
    CertificateRefusedError,
    CertificateStatus,
)
from gateway.adapters.opcua.security.own_identity import WantedIdentity, complaints, own_identity
from gateway.adapters.opcua.security.pki_folders import PkiFolders, application_uris, common_name, thumbprint
from gateway.adapters.opcua.security.rejected_store import BURST, PER_S, RejectedStore
from gateway.adapters.opcua.security.trust_list import TrustList
from gateway.model.line_budget import LineBudget
from gateway.model.printable import printable
from gateway.streaming.clock import SystemClock

_MOST_REMEMBERED = 1000
_SHOWN_DIGITS = 8
_LOG = logging.getLogger("gateway.adapters.opcua")


class Pki:
    """Judges with the folders of certificates, which an administrator may change at any time.

    Args:
        root: `security.pki` of the settings.
        now: The time.

    Attributes:
        folders: Where everything lies.
        identity: Who the server is; there from `open` on.
    """

    identity: ApplicationIdentity

    def __init__(self, root: Path, now: Callable[[], datetime] = now_utc) -> None:
        self.folders = PkiFolders(root)
        self._now = now
        self._trusted = TrustList(self.folders.trusted)
        self._trusted_users = TrustList(self.folders.trusted_users)
        self._applications, self._users = (  # with lists of their own, as users are judged in a thread
            CertificateJudge(trusted, TrustList(self.folders.issuers), purpose, now)
            for trusted, purpose in (
                (self._trusted, CertificatePurpose.CLIENT_APPLICATION),
                (self._trusted_users, CertificatePurpose.USER),
            )
        )
        self._rejected = RejectedStore(self.folders.rejected)
        self._reported: set[tuple[str, int]] = set()
        self._lines = LineBudget(BURST, PER_S, SystemClock())
        self._complaints: list[str] = []

    def open(self, wanted: WantedIdentity) -> ApplicationIdentity:
        """Make the folders, and load, make or renew what the server shows to clients. Blocks for up to half a second.

        Raises:
            AdapterError: The folders or the identity cannot be used.
        """
        self.folders.make()
        self.identity = own_identity(self.folders, wanted, self._now())
        self._complaints = complaints(self.identity.certificate, (), self._now())
        return self.identity

    @property
    def trusted(self) -> tuple[x509.Certificate, ...]:
        """Applications and authorities that are trusted now."""
        self._trusted.refresh()
        return self._trusted.certificates

    @property
    def revocations(self) -> tuple[x509.CertificateRevocationList, ...]:
        """What trusted authorities have revoked."""
        self._trusted.refresh()
        return self._trusted.revocations

    @property
    def trust_version(self) -> int:
        """Grows whenever an administrator changes which applications are trusted."""
        return self._applications.trust_version

    def judge(self, certificate: bytes, application_uri: str | None = None, *, peer: str = "") -> None:
        """Whether a client application is trusted.

        Args:
            certificate: Its certificate in DER, and those of its issuers after it, if it sent any.
            application_uri: What the client calls itself; None where it has not said so yet.
            peer: Address, for the log.

        Raises:
            ServiceError: It is not, for the reason in the StatusCode; an application that is not trusted has no right
                to know it.
        """
        self.judge_own()
        self._judge(self._applications, certificate, application_uri, peer)

    def judge_user(self, certificate: bytes, *, peer: str = "") -> None:
        """Whether a user's certificate is trusted; as `judge`.

        Raises:
            ServiceError: It is not.
        """
        self._judge(self._users, certificate, None, peer)

    def _judge(self, judge: CertificateJudge, blob: bytes, application_uri: str | None, peer: str) -> None:
        try:
            certificate = judge.judge(blob, application_uri)
        except CertificateRefusedError as error:
            self._report(error, "user" if judge is self._users else "client", peer)
            raise ServiceError(int(error.status)) from error
        self._reported = {one for one in self._reported if one[0] != thumbprint(certificate)}

    def _report(self, error: CertificateRefusedError, what: str, peer: str) -> None:
        """Keep the certificate, and say so once per certificate and reason."""
        certificate = error.certificate
        kept = None if certificate is None else self._rejected.keep(certificate)
        mark = ("" if certificate is None else thumbprint(certificate), int(error.status))
        if mark in self._reported or not self._lines.take():
            return
        if len(self._reported) >= _MOST_REMEMBERED:
            self._reported.clear()
        self._reported.add(mark)
        where = f" from {peer}" if peer else ""
        if certificate is None:
            _LOG.warning("%s%s refused: its certificate is no use: %s", what, where, error)
            return
        can_be_trusted = kept is not None and error.status in (
            CertificateStatus.UNTRUSTED,
            CertificateStatus.CHAIN_INCOMPLETE,
        )
        _LOG.warning(
            "%s '%s' (%s)%s refused: %s%s",
            what,
            common_name(certificate),
            printable(", ".join(application_uris(certificate)), 100) or "no ApplicationUri",
            where,
            error,
            f"; to trust it: analyser-gateway pki trust CONFIG {mark[0][:_SHOWN_DIGITS]}" if can_be_trusted else "",
        )

    def judge_own(self) -> None:
        """Say once when the server's own certificate comes near its end, however long the gateway has been running."""
        found = complaints(self.identity.certificate, (), self._now()) if hasattr(self, "identity") else []
        for one in found:
            if one not in self._complaints:
                _LOG.warning("%s", one)
        self._complaints = found
