"""What is kept of those who were turned away stays bounded, whoever fills it and however fast."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from asyncua.common.utils import ServiceError
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.security import rejected_store
from gateway.adapters.opcua.security.own_identity import WantedIdentity
from gateway.adapters.opcua.security.pki import Pki
from gateway.adapters.opcua.security.rejected_store import RejectedStore
from gateway.model.stamp import Stamp
from tests.adapters.opcua.certificates import CLIENT

INTACT = CLIENT.made().der


class HandClock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic_ns(self) -> int:
        return int(self.seconds * 1e9)

    def stamp(self) -> Stamp:
        return Stamp(self.monotonic_ns(), 0)

    async def sleep_until(self, monotonic_ns: int) -> None:
        raise NotImplementedError


def test_the_newest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected_store, "MOST_KEPT", 5)
    clock = HandClock()
    store = RejectedStore(tmp_path, clock)
    kept = []
    for number in range(12):
        clock.seconds += 10
        path = store.keep(CLIENT.but(name=f"stranger {number}", key_name="all").made().certificate)
        assert path is not None
        os.utime(path, (number, number))
        kept.append(path)
    assert sorted(tmp_path.iterdir()) == sorted(kept[-5:])
    before = kept[-1].stat().st_ino
    assert store.keep(CLIENT.but(name="stranger 3", key_name="all").made().certificate) not in kept
    assert kept[-1].stat().st_ino == before


def test_a_flood_is_not_written(tmp_path: Path) -> None:
    clock = HandClock()
    store = RejectedStore(tmp_path, clock)
    strangers = [CLIENT.but(name=f"stranger {number}", key_name="all").made().certificate for number in range(60)]
    assert sum(store.keep(one) is not None for one in strangers) == rejected_store.BURST
    assert store.keep(strangers[0]) is not None
    clock.seconds += 100
    assert sum(store.keep(one) is not None for one in strangers[-40:]) == rejected_store.BURST


def test_a_folder_that_is_gone_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = RejectedStore(tmp_path / "gone", HandClock())
    for _again in range(3):
        assert store.keep(CLIENT.made().certificate) is None
    assert len(caplog.records) == 1


def test_refusals_are_reported_once_until_the_client_was_let_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pki, client = Pki(tmp_path / "pki"), CLIENT.but(name="evil\x1b[2J\nname").made()
    pki.open(WantedIdentity("urn:test", "Test", ["localhost"]))
    caplog.clear()

    def refused() -> None:
        with pytest.raises(ServiceError):
            pki.judge(client.der, peer="10.0.0.9")

    refused()
    refused()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert line.isprintable()
    assert line.startswith(
        "client 'evil?[2J?name' (urn:localhost:test-client) from 10.0.0.9 refused: it is not trusted; "
    )
    (rejected,) = pki.folders.rejected.iterdir()
    digits = line.rpartition(" ")[2]
    assert f"[{digits}" in rejected.name
    trusted = pki.folders.trusted.certificates / rejected.name
    rejected.rename(trusted)
    pki.judge(client.der)
    trusted.unlink()
    refused()
    assert len(caplog.records) == 2


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    pki = Pki(tmp_path_factory.mktemp("pki"))
    pki.open(WantedIdentity("urn:test", "Test", ["localhost"]))
    return pki


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # odd serial numbers
@given(at=st.integers(0, len(INTACT) - 1), piece=st.binary(min_size=1, max_size=8), cut=st.integers(0, 8))
@hypothesis.settings(max_examples=300, deadline=None)
def test_whatever_is_sent_is_refused_in_order(settled: Pki, at: int, piece: bytes, cut: int) -> None:
    with pytest.raises(ServiceError):
        settled.judge(INTACT[:at] + piece + INTACT[at + cut :], "urn:localhost:test-client", peer="10.0.0.9")


def test_the_end_of_the_own_certificate_is_noticed_while_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    pki = Pki(tmp_path / "pki", lambda: now)
    pki.open(WantedIdentity("urn:test", "Test", ["localhost"]))
    pki.judge_own()
    assert not [record for record in caplog.records if record.levelno == logging.WARNING]
    now = pki.identity.certificate.not_valid_after_utc
    pki.judge_own()
    pki.judge_own()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "`analyser-gateway pki renew`" in line
