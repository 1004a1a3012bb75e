"""`analyser-gateway pki`: from the rejected client to the trusted one and back, and every mistake on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.adapters.opcua.security.own_identity import WantedIdentity
from gateway.adapters.opcua.security.pki import Pki
from gateway.adapters.opcua.security.pki_folders import keep_certificate, thumbprint
from gateway.cli.command import run_command
from tests.adapters.opcua.certificates import AUTHORITY, CLIENT, USER, Certified

SETTINGS = """\
site: hall
buses: {hall: {link: "socket://127.0.0.1:5350", protocol: modbus-rtu}}
analysers: {stack: {driver: servomex4100, bus: hall, channels: {I1: {unit: "%"}}}}
adapters:
  opcua: {security: {pki: certificates, hosts: [gateway.plant.example]}}
"""


class Plant:
    """A settings file, its folder of certificates, and the verb."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = folder / "plant.yaml"
        self.config.write_text(SETTINGS)
        self.pki = Pki(folder / "certificates")
        self.folder = folder
        self._capsys = capsys

    def start(self) -> None:
        """What the first start makes."""
        self.pki.open(WantedIdentity("urn:host:analyser-gateway:hall", "Analyser gateway", ["localhost"]))

    def turn_away(self, one: Certified) -> str:
        keep_certificate(one.certificate, self.pki.folders.rejected)
        return thumbprint(one.certificate)

    def pki_verb(self, *arguments: str, code: int = 0) -> str:
        verb, *others = arguments
        self._capsys.readouterr()
        assert run_command(["pki", verb, str(self.config), *others]) == code
        captured = self._capsys.readouterr()
        return captured.out + captured.err

    def places(self, one: Certified) -> list[str]:
        root = self.pki.folders.root
        return sorted(
            str(path.relative_to(root).parent)
            for path in root.rglob("*.der")
            if x509.load_der_x509_certificate(path.read_bytes()) == one.certificate
        )


@pytest.fixture
def plant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Plant:
    return Plant(tmp_path, capsys)


def test_from_rejected_to_trusted_and_back(plant: Plant) -> None:
    plant.start()
    client = CLIENT.made()
    digits = plant.turn_away(client)
    listed = plant.pki_verb("list").splitlines()
    assert [line.split()[0] for line in listed] == ["where", "own", "rejected"]
    assert digits[:16] in listed[2]
    assert listed[2].endswith("Test client (urn:localhost:test-client)")
    spoken = " ".join(digits[at : at + 2].upper() for at in range(0, 40, 2))
    assert "trusted: Test client" in plant.pki_verb("trust", spoken.replace(" ", ":"))
    assert plant.places(client) == ["trusted/certs"]
    plant.pki.judge(client.der)
    assert "rejected: Test client" in plant.pki_verb("reject", digits[:8])
    assert plant.places(client) == ["rejected/certs"]
    assert "removed from rejected" in plant.pki_verb("remove", spoken)
    assert plant.places(client) == []


def test_before_the_first_start(plant: Plant) -> None:
    assert "holds no certificates yet" in plant.pki_verb("list")
    assert "the server has no certificate yet; the first start makes it" in plant.pki_verb("show", code=2)
    file = plant.folder / "client.pem"
    file.write_bytes(CLIENT.made().pem)
    assert "trusted: Test client" in plant.pki_verb("trust", str(file))
    assert "new certificate, thumbprint" in plant.pki_verb("renew")
    shown = plant.pki_verb("show")
    assert "gateway.plant.example" in shown
    assert ":analyser-gateway:hall" in shown


def test_people_authorities_and_what_these_revoke(plant: Plant) -> None:
    root = AUTHORITY.but(name="Site root").made()
    user, client = USER.made(), CLIENT.but(issuer=root).made()
    for name, content in (("root.crt", root.pem), ("user.der", user.der), ("list.crl", root.revoking(client))):
        (plant.folder / name).write_bytes(content)
    plant.pki_verb("trust", str(plant.folder / "user.der"), "--user")
    assert plant.places(user) == ["trusted_users/certs"]
    plant.pki_verb("trust", str(plant.folder / "root.crt"), "--issuer")
    assert plant.places(root) == ["issuers/certs"]
    plant.pki_verb("trust", str(plant.folder / "root.crt"))
    plant.pki.judge(client.der)
    assert plant.pki_verb("trust", str(plant.folder / "list.crl")) == "taken in: 1 revoked by CN=Site root\n"
    listed = plant.pki_verb("list")
    assert "Site root [authority]" in listed
    assert "1 revoked by Site root" in listed
    with pytest.raises(Exception, match="UA Service Error"):
        plant.pki.judge(client.der)
    newer = root.revoking(last_update=datetime.now(UTC))
    (plant.folder / "list.crl").write_bytes(newer)
    assert plant.pki_verb("trust", str(plant.folder / "list.crl")) == "taken in: 0 revoked by CN=Site root\n"
    plant.pki.judge(client.der)
    assert "exclude each other" in plant.pki_verb("trust", str(plant.folder / "root.crt"), "--user", "--issuer", code=2)


def test_who_is_trusted_and_refused_all_the_same(plant: Plant) -> None:
    plant.start()
    old = CLIENT.but(begins=timedelta(days=-40)).made()
    digits = plant.turn_away(old)
    said = plant.pki_verb("trust", digits)
    assert "warning: it is refused all the same: it expired on" in said
    assert "[expired]" in plant.pki_verb("list")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (
            ("trust", "abcd"),
            "no certificate with the thumbprint abcd in rejected; look with `analyser-gateway pki list`",
        ),
        (("reject", "abcd"), "in trusted, trusted_users"),
        (("remove", ""), "more than one certificate"),
        (("show", "zz"), "no certificate with the thumbprint zz"),
        (("trust", "plant.yaml"), "is neither a certificate nor a revocation list"),
    ],
)
def test_mistakes(plant: Plant, arguments: tuple[str, ...], what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plant.folder)
    plant.start()
    for name in ("one", "two"):
        plant.turn_away(CLIENT.but(key_name=name).made())
    assert what in plant.pki_verb(*arguments, code=2)


def test_too_few_digits_and_files_of_many(plant: Plant) -> None:
    plant.start()
    digits = plant.turn_away(CLIENT.made())
    assert "too few digits" in plant.pki_verb("trust", digits[:3], code=2)
    many = plant.pki.folders.trusted.certificates / "many.pem"
    one, two = CLIENT.but(key_name="one").made(), CLIENT.but(key_name="two").made()
    many.write_bytes(one.pem + two.pem)
    assert "holds other certificates too" in plant.pki_verb("remove", thumbprint(two.certificate), code=2)
    assert many.exists()


def test_renewing(plant: Plant) -> None:
    plant.start()
    before = plant.pki.identity
    said = plant.pki_verb("renew")
    plant.start()
    assert plant.pki.identity.thumbprint in said
    assert plant.pki.identity.private_key.private_numbers() == before.private_key.private_numbers()
    plant.pki_verb("renew", "--new-key")
    plant.start()
    assert plant.pki.identity.private_key.private_numbers() != before.private_key.private_numbers()
    issued = CLIENT.but(name="Gateway of the site", issuer=AUTHORITY.made()).made()
    (plant.pki.folders.own_certificates / "site.pem").write_bytes(issued.pem)
    (plant.pki.folders.own_keys / "site.pem").write_bytes(issued.key_pem)
    (plant.pki.folders.own_keys / "site.pem").chmod(0o600)
    assert "was issued by CN=Test authority; ask there for a new one" in plant.pki_verb("renew", code=2)


def test_settings_that_do_not_fit(plant: Plant) -> None:
    plant.config.write_text(
        SETTINGS.replace("opcua: {security: {pki: certificates, hosts: [gateway.plant.example]}}", "epics_ca: {}")
    )
    assert "the settings have no section opcua" in plant.pki_verb("list", code=2)
    plant.config.write_text("site: [")
    plant.pki_verb("list", code=2)


def test_a_folder_that_cannot_be_used(plant: Plant) -> None:
    plant.pki.folders.root.write_text("in the way")
    assert "Not a directory" in plant.pki_verb("list", code=1)
    file = plant.folder / "client.pem"
    file.write_bytes(CLIENT.made().pem)
    assert "must be able to write there" in plant.pki_verb("trust", str(file), code=1)
