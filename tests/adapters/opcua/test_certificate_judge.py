"""Every reason for which a certificate is refused (OPC 10000-4 section 6.1.3), with real folders."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua.ua.status_codes import StatusCodes
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.opcua.security.certificate_judge import CertificateJudge, split_chain
from gateway.adapters.opcua.security.certificate_rules import (
    CertificatePurpose,
    CertificateRefusedError,
    CertificateStatus,
)
from gateway.adapters.opcua.security.pki_folders import PkiFolders, keep_certificate
from gateway.adapters.opcua.security.trust_list import TrustList
from tests.adapters.opcua.certificates import APPLICATION_USAGE, AUTHORITY, CLIENT, CLIENT_URI, USER, Certified, Order

ROOT = AUTHORITY.but(name="Root").made()
ISSUED = CLIENT.but(name="Issued", issuer=ROOT)
INTACT = ISSUED.made().der


class Court:
    """A judge, its folders, and what he says."""

    def __init__(self, folder: Path) -> None:
        self.folders = PkiFolders(folder)
        self.folders.make()
        self.now = datetime.now(UTC)

    def trust(self, *certified: Certified, issuer: bool = False) -> None:
        store = self.folders.issuers if issuer else self.folders.trusted
        for one in certified:
            keep_certificate(one.certificate, store.certificates)

    def revoke(self, authority: Certified, *revoked: Certified) -> None:
        (self.folders.trusted.revocations / "list.crl").write_bytes(authority.revoking(*revoked))

    def says(
        self, blob: bytes, uri: str | None = None, purpose: CertificatePurpose = CertificatePurpose.CLIENT_APPLICATION
    ) -> str:
        trusted, issuers = TrustList(self.folders.trusted), TrustList(self.folders.issuers)
        try:
            CertificateJudge(trusted, issuers, purpose, lambda: self.now).judge(blob, uri)
        except CertificateRefusedError as error:
            return error.status.name
        return "GOOD"


@pytest.fixture
def court(tmp_path: Path) -> Court:
    return Court(tmp_path / "pki")


def test_status_codes_are_those_of_the_standard() -> None:
    for status in CertificateStatus:
        words = "".join(word.capitalize() for word in status.name.split("_"))
        name = words if words.startswith("Certificate") else f"BadCertificate{words}"
        assert getattr(StatusCodes, name) == status


def test_a_stranger_is_not_trusted_until_it_is(court: Court) -> None:
    client = CLIENT.made()
    assert court.says(client.der) == "UNTRUSTED"
    court.trust(client)
    assert court.says(client.der) == "GOOD"
    assert court.says(client.der, CLIENT_URI) == "GOOD"
    assert court.says(client.der, "urn:somebody:else") == "URI_INVALID"
    assert court.says(CLIENT.but(uri=None).made().der, CLIENT_URI) == "UNTRUSTED"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (CLIENT.but(begins=timedelta(days=-40)), "TIME_INVALID"),
        (CLIENT.but(begins=timedelta(days=1)), "TIME_INVALID"),
        (CLIENT.but(bits=1024), "POLICY_CHECK_FAILED"),
        (CLIENT.but(usage=APPLICATION_USAGE - {"digital_signature"}), "USE_NOT_ALLOWED"),
        (CLIENT.but(usage=APPLICATION_USAGE - {"data_encipherment"}), "USE_NOT_ALLOWED"),
        (CLIENT.but(usage=None), "USE_NOT_ALLOWED"),
        (CLIENT.but(extended=(ExtendedKeyUsageOID.SERVER_AUTH,)), "USE_NOT_ALLOWED"),
        (CLIENT.but(extended=None), "GOOD"),
        (CLIENT.but(bits=4096), "GOOD"),
        (CLIENT.but(algorithm=hashes.SHA512()), "GOOD"),
    ],
)
def test_being_trusted_is_not_enough(court: Court, order: Order, expected: str) -> None:
    client = order.made()
    court.trust(client)
    assert court.says(client.der) == expected


def test_time_goes_on(court: Court) -> None:
    client = CLIENT.made()
    court.trust(client)
    assert court.says(client.der) == "GOOD"
    court.now += timedelta(days=31)
    assert court.says(client.der) == "TIME_INVALID"
    court.now -= timedelta(days=33)
    assert court.says(client.der) == "TIME_INVALID"


def test_sha1_signatures_are_refused(court: Court, sha1_certificate: bytes) -> None:
    (court.folders.trusted.certificates / "old.der").write_bytes(sha1_certificate)
    assert court.says(sha1_certificate) == "POLICY_CHECK_FAILED"


@pytest.fixture(scope="session")
def sha1_certificate(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """From openssl, as the library that the gateway uses makes no such certificates any more."""
    folder = tmp_path_factory.mktemp("sha1")
    (folder / "key.pem").write_bytes(CLIENT.made().key_pem)
    command = [program("openssl"), "req", "-x509", "-sha1", "-key", str(folder / "key.pem"), "-days", "30"]
    command += ["-subj", "/CN=old", "-outform", "der", "-out", str(folder / "old.der")]
    command += ["-addext", f"subjectAltName=URI:{CLIENT_URI}"]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    return (folder / "old.der").read_bytes()


def test_whom_a_trusted_authority_has_issued(court: Court) -> None:
    client = ISSUED.made()
    assert court.says(client.der) == "CHAIN_INCOMPLETE"
    assert court.says(client.der + ROOT.der) == "UNTRUSTED"
    court.trust(ROOT, issuer=True)
    assert court.says(client.der) == "UNTRUSTED"
    court.trust(ROOT)
    assert court.says(client.der) == "GOOD"
    forged = CLIENT.but(name="Issued", issuer=AUTHORITY.but(name="Root", key_name="forger").made()).made()
    assert court.says(forged.der) == "CHAIN_INCOMPLETE"


def test_a_chain_through_others(court: Court) -> None:
    middle = AUTHORITY.but(name="Middle", issuer=ROOT).made()
    client = CLIENT.but(name="Below", issuer=middle).made()
    court.trust(ROOT)
    assert court.says(client.der) == "CHAIN_INCOMPLETE"
    assert court.says(client.der + middle.der) == "GOOD"
    court.trust(middle, issuer=True)
    assert court.says(client.der) == "GOOD"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"usage": ("crl_sign",)}, "ISSUER_USE_NOT_ALLOWED"),
        ({"begins": timedelta(days=-40)}, "ISSUER_TIME_INVALID"),
        ({"bits": 1024}, "POLICY_CHECK_FAILED"),
        ({"authority": False}, "CHAIN_INCOMPLETE"),
    ],
)
def test_issuers_are_judged_too(court: Court, change: dict[str, object], expected: str) -> None:
    authority = AUTHORITY.but(name=f"Weak {expected}", **change).made()
    court.trust(authority)
    assert court.says(CLIENT.but(name="Below", issuer=authority).made().der) == expected


def test_an_authority_for_clients_alone_has_no_authorities_below_it(court: Court) -> None:
    root = AUTHORITY.but(name="Flat root", path_length=0).made()
    middle = AUTHORITY.but(name="Middle of flat", issuer=root).made()
    court.trust(root)
    assert court.says(CLIENT.but(issuer=root).made().der) == "GOOD"
    assert court.says(CLIENT.but(issuer=middle).made().der + middle.der) == "ISSUER_USE_NOT_ALLOWED"


def test_an_application_is_no_authority(court: Court) -> None:
    """Self-signed certificates of applications may have the usage to sign certificates (OPC 10000-6 section 6.2.2)."""
    application = CLIENT.but(usage=APPLICATION_USAGE | {"key_cert_sign"}).made()
    court.trust(application)
    assert court.says(application.der) == "GOOD"
    assert court.says(CLIENT.but(name="Guest", issuer=application).made().der) == "CHAIN_INCOMPLETE"


def test_revoked_by_number_and_issuer(court: Court) -> None:
    client, other = ISSUED.made(), ISSUED.but(key_name="other").made()
    court.trust(ROOT)
    court.revoke(ROOT, other)
    assert court.says(client.der) == "GOOD"
    assert court.says(other.der) == "REVOKED"
    stranger = AUTHORITY.but(name="Stranger").made()
    court.revoke(stranger, client)
    assert court.says(client.der) == "GOOD"
    forger = AUTHORITY.but(name="Root", key_name="forger").made()
    court.revoke(forger, client)
    assert court.says(client.der) == "GOOD"


def test_a_revoked_authority_and_a_pinned_certificate(court: Court) -> None:
    middle = AUTHORITY.but(name="Middle", issuer=ROOT).made()
    client = CLIENT.but(name="Below", issuer=middle).made()
    court.trust(ROOT)
    court.revoke(ROOT, middle)
    assert court.says(client.der + middle.der) == "ISSUER_REVOKED"
    pinned = CLIENT.but(name="Pinned", issuer=AUTHORITY.but(name="Unknown").made()).made()
    court.trust(pinned)
    assert court.says(pinned.der) == "GOOD"
    assert pinned.issuer is not None
    court.revoke(pinned.issuer, pinned)
    assert court.says(pinned.der) == "REVOKED"


def test_people_only_have_to_sign(court: Court) -> None:
    user = USER.made()
    court.trust(user)
    assert court.says(user.der, purpose=CertificatePurpose.USER) == "GOOD"
    assert court.says(user.der) == "USE_NOT_ALLOWED"
    no_signer = USER.but(usage=("key_encipherment",)).made()
    court.trust(no_signer)
    assert court.says(no_signer.der, purpose=CertificatePurpose.USER) == "USE_NOT_ALLOWED"


@pytest.mark.parametrize(
    "blob", [b"", b"no certificate", b"\x30\x82\xff\xff", b"\x30", b"\x30\x84\xff\xff\xff\xff" * 9]
)
def test_no_certificate_at_all(court: Court, blob: bytes) -> None:
    assert court.says(blob) == "INVALID"


def test_a_wrong_signature_and_a_cut_certificate(court: Court) -> None:
    client = CLIENT.made()
    broken = client.der[:-1] + bytes([client.der[-1] ^ 1])
    (court.folders.trusted.certificates / "broken.der").write_bytes(broken)
    assert court.says(broken) == "INVALID"
    assert court.says(client.der[:-20]) == "INVALID"
    assert split_chain(client.der + ROOT.der) == [client.der, ROOT.der]
    assert len(split_chain(client.der * 50)) == 5


@pytest.fixture(scope="module")
def settled_court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    """Trusts one client and one authority."""
    court = Court(tmp_path_factory.mktemp("pki"))
    court.trust(CLIENT.made(), ROOT)
    return court


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # odd serial numbers
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_is_sent_is_judged_and_nothing_forged_is_good(settled_court: Court, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(INTACT) - 1))
    piece = data.draw(st.binary(min_size=1, max_size=8))
    forged = INTACT[:at] + piece + INTACT[at + data.draw(st.integers(0, 8)) :]
    assert (settled_court.says(forged) == "GOOD") == (split_or_none(forged) == INTACT)


def split_or_none(blob: bytes) -> bytes | None:
    """The first certificate, as the judge sees it."""
    try:
        return split_chain(blob)[0]
    except (ValueError, IndexError):
        return None


def test_pem_and_der_and_what_is_neither(court: Court, caplog: pytest.LogCaptureFixture) -> None:
    client, folder = CLIENT.made(), court.folders.trusted.certificates
    (folder / "broken.pem").write_text("nothing to see")
    (folder / "bundle.CRT").write_bytes(ROOT.pem + client.pem)
    assert court.says(client.der) == "GOOD"
    (folder / "bundle.CRT").rename(folder / "bundle.crt.old")
    assert court.says(client.der) == "UNTRUSTED"
    passed_over = {record.getMessage().partition(" is passed")[0] for record in caplog.records}
    assert passed_over == {str(folder / "broken.pem"), str(folder / "bundle.crt.old")}


def test_changes_count_at_once(court: Court) -> None:
    trusted = TrustList(court.folders.trusted)
    judge = CertificateJudge(trusted, TrustList(court.folders.issuers), CertificatePurpose.CLIENT_APPLICATION)
    client, other = CLIENT.made(), CLIENT.but(key_name="other").made()
    path = court.folders.trusted.certificates / "client.der"
    path.write_bytes(client.der)
    judge.judge(client.der)
    path.write_bytes(other.certificate.public_bytes(Encoding.PEM))
    judge.judge(other.der)
    with pytest.raises(CertificateRefusedError):
        judge.judge(client.der)
    path.unlink()
    with pytest.raises(CertificateRefusedError):
        judge.judge(other.der)
