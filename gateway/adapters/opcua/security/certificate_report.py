"""How the certificates of a server stand, from its folders alone: for the self-test, which changes nothing."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.opcua.security.certificate_judge import CertificateJudge, now_utc
from gateway.adapters.opcua.security.certificate_rules import CertificatePurpose, CertificateRefusedError
from gateway.adapters.opcua.security.own_files import load_identity
from gateway.adapters.opcua.security.own_identity import complaints
from gateway.adapters.opcua.security.pki_folders import PkiFolders, common_name, is_authority
from gateway.adapters.opcua.security.server_identity import wanted_identity
from gateway.adapters.opcua.security.trust_list import TrustList
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.errors import AdapterError
from gateway.ports import CertificateReport


def report_certificates(settings: OpcUaSettings) -> CertificateReport:
    """Look at the server's own certificate and at those it trusts."""
    if not settings.security.secure_policies:
        return CertificateReport(("without security, as the settings say",), ())
    folders = PkiFolders(settings.security.pki)
    right, troubles = _own(settings, folders)
    more_right, more_troubles = _trusted(folders)
    return CertificateReport((*right, *more_right), (*troubles, *more_troubles))


def _own(settings: OpcUaSettings, folders: PkiFolders) -> tuple[list[str], list[tuple[str, str]]]:
    try:
        identity = load_identity(folders)
    except AdapterError as error:
        return [], [(error.what, error.hint)]
    if identity is None:
        return ["no certificate of its own yet; the first start makes one"], []
    promised = wanted_identity(settings, "").promised_hosts
    found = [text.partition(": ") for text in complaints(identity.certificate, promised, now_utc())]
    if found:
        return [], [(what, remedy) for what, _, remedy in found]
    return [f"its own certificate is valid until {identity.certificate.not_valid_after_utc:%Y-%m-%d}"], []


def _trusted(folders: PkiFolders) -> tuple[list[str], list[tuple[str, str]]]:
    trusted, issuers = TrustList(folders.trusted), TrustList(folders.issuers)
    trusted.refresh()
    judge = CertificateJudge(trusted, issuers, CertificatePurpose.CLIENT_APPLICATION)
    troubles, good, authorities = [], 0, 0
    for certificate in trusted.certificates:
        if is_authority(certificate):
            authorities += 1
            continue
        try:
            judge.judge(certificate.public_bytes(Encoding.DER))
            good += 1
        except CertificateRefusedError as error:
            what = f"'{common_name(certificate)}' is trusted and refused all the same: {error}"
            troubles.append((what, "make the client a new certificate, and remove this one by `analyser-gateway pki`"))
    if good or authorities:
        return [
            f"trusted: {_count(good, 'client', 'clients')}, {_count(authorities, 'authority', 'authorities')}"
        ], troubles
    nobody = ("no client is trusted", "let one try to connect, then `analyser-gateway pki list` and `pki trust`")
    return [], [*troubles, nobody]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
