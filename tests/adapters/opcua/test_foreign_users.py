"""node-opcua's users: by name, by certificate, without either, and wrong ones."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.settings import AnonymousAccess, ModeName, OpcUaSettings, PolicyName, SecuritySettings
from gateway.model.points import SiteSpec
from gateway.model.role import Role
from gateway.model.user import User
from gateway.runtime.user_file import UserFile, write_users
from gateway.runtime.users import Users
from gateway.streaming.clock import SystemClock
from tests.adapters.opcua.certificates import USER, Certified
from tests.adapters.opcua.recording_desk import ACTION, METHOD, ClientKeys, RecordingDesk, with_actions
from tests.clients.node_client import NodeClient
from tests.serving import serving as serve_adapter
from tests.users import quick_hash

CALL = {"object": ACTION, "method": METHOD, "calls": [[["UInt32", 2], ["Boolean", True]]]}


class Card:
    """A user's certificate and key as files."""

    def __init__(self, folder: Path, made: Certified) -> None:
        certificate, key = folder / "card.pem", folder / "card.key"
        certificate.write_bytes(made.pem)
        key.write_bytes(made.key_pem)
        self.for_node = {"user_certificate": str(certificate), "user_key": str(key)}
        self.thumbprint = made.certificate.fingerprint(hashes.SHA256()).hex()
        self.der = made.der


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(tmp_path, USER.made())


@pytest.fixture
def desk(tmp_path: Path, card: Card) -> RecordingDesk:
    file = tmp_path / "users.json"
    write_users(
        file,
        {
            "otto": User(Role.OPERATOR, quick_hash("turn the valve")),
            "olga": User(Role.OBSERVER, quick_hash("just looking")),
            "card": User(Role.OPERATOR, None, (card.thumbprint,)),
        },
    )
    return RecordingDesk(users=Users({}, UserFile(file), SystemClock()))


@pytest.fixture
async def url(
    site: SiteSpec, settings: OpcUaSettings, pki_folder: Path, desk: RecordingDesk, card: Card
) -> AsyncIterator[str]:
    """Closed to anonymous clients."""
    (pki_folder / "trusted_users" / "certs" / "card.der").write_bytes(card.der)
    secure = SecuritySettings(policies=tuple(PolicyName)[1:], pki=pki_folder)
    adapter = OpcUaAdapter(with_actions(site), replace(settings, security=secure, anonymous=AnonymousAccess.OFF))
    adapter.offer(desk)
    async with serve_adapter(adapter) as endpoint:
        yield endpoint


async def test_names_and_certificates_over_every_policy_and_mode(
    url: str, node_client: NodeClient, keys: ClientKeys, card: Card, desk: RecordingDesk
) -> None:
    combinations = list(itertools.product(tuple(PolicyName)[1:], ModeName))
    for (policy, mode), user in zip(combinations, itertools.cycle((True, False, True)), strict=False):
        who = {"user": "otto", "password": "turn the valve"} if user else card.for_node
        how = {"policy": policy.value, "mode": mode.value, **keys.for_node}
        (done,) = await node_client.ask(url, "call", **CALL, **how, **who)
        assert done["status"] == "Good", how
    assert {wish.origin.user for wish in desk.requests} == {"otto", "card"}


async def test_others_stay_outside(url: str, node_client: NodeClient, keys: ClientKeys) -> None:
    for user, password in (("otto", "guess"), ("nobody", "guess")):
        answer = await node_client.ask(url, "login", user=user, password=password, **keys.for_node)
        assert not answer["accepted"]
        assert "BadUserAccessDenied" in answer["error"]
        assert set(answer["offered"]) == {"UserName", "Certificate"}
    (refused,) = await node_client.ask(url, "call", **CALL, user="olga", password="just looking", **keys.for_node)
    assert refused["status"] == "BadUserAccessDenied"
    with pytest.raises(AssertionError, match=r"ANONYMOUS user token policy|BadIdentityTokenRejected"):
        await node_client.ask(url, "read", ids=["i=2258"], secure=True, **keys.for_node)


async def test_the_certificate_of_nobody(url: str, node_client: NodeClient, keys: ClientKeys, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Card(tmp_path / "other", USER.but(name="Stranger").made())
    with pytest.raises(AssertionError, match="BadIdentityTokenRejected"):
        await node_client.ask(url, "read", ids=["i=2258"], **stranger.for_node, **keys.for_node)
