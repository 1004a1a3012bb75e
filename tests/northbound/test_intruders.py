"""Clients that try what they must not: they are refused and told about, and nobody else notices."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from asyncua import Client

from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.security.pki_folders import PkiFolders
from gateway.model.password_hash import PasswordHash
from gateway.model.role import Role
from gateway.model.user import User
from gateway.runtime.audit_log import REFUSALS_AT_ONCE, REFUSALS_PER_S
from gateway.runtime.user_file import write_users
from tests.adapters.opcua.certificates import CLIENT, Certified
from tests.northbound.conftest import OpenScene
from tests.northbound.scene import AUDIT, Scene

MANY_LINES = 12
"""Lines of the log that all intruders of one test together may cause: each kind of them is told of once or twice."""

CERTIFICATES = 60

EXPIRED = CLIENT.but(name="expired", begins=timedelta(days=-20), lasts=timedelta(days=10))
STRANGER = CLIENT.but(name="stranger")


@dataclass(frozen=True)
class Guarded:
    """Settings of a gateway with a lock on its door, and keys of those who come.

    Attributes:
        settings: For `open_scene`.
        member: Certificate and key of a trusted application.
        strangers: The same of one that nobody trusts, and of one that was trusted until it expired.
    """

    settings: dict[str, Any]
    member: tuple[str, str]
    strangers: list[tuple[str, str]]


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    folders = PkiFolders(tmp_path / "pki")
    folders.make()
    member, expired, stranger = CLIENT.made(), EXPIRED.made(), STRANGER.made()
    for one in (member, expired):
        (folders.trusted.certificates / f"{one.certificate.serial_number}.der").write_bytes(one.der)
    users = tmp_path / "users.json"
    write_users(users, {"alice": User(Role.OPERATOR, PasswordHash.of(secrets.token_urlsafe()))})

    def files(one: Certified) -> tuple[str, str]:
        certificate, key = (tmp_path / f"{one.certificate.serial_number}.{kind}" for kind in ("der", "pem"))
        certificate.write_bytes(one.der)
        key.write_bytes(one.key_pem)
        return str(certificate), str(key)

    security = {"policies": ["None", "Basic256Sha256"], "pki": str(folders.root)}
    settings = {"opcua": {"security": security, "anonymous": "observer"}, "users_file": str(users)}
    return Guarded(settings, files(member), [files(stranger), files(expired)])


async def newcomer(scene: Scene) -> None:
    """Somebody who only now comes to look is served."""
    async with Client(scene.gateway.opcua_url, timeout=20) as client:
        assert await client.get_node(scene.node_ids[0]).read_value() is not None


async def test_who_must_not_is_refused(open_scene: OpenScene, guarded: Guarded) -> None:
    async with open_scene(**guarded.settings) as scene:
        port, url = scene.opcua_port, scene.gateway.opcua_url
        quiet = await scene.look()
        await scene.clients.see_ticks(10)
        before, began = await scene.look(), anyio.current_time()
        rounds = []
        for _ in range(2):
            guests = (
                ("guess_tokens", {"port": port, "count": 1000}),
                ("meddle", {"port": port, "ids": [scene.clients.subscription_id, *range(1, 100)]}),
                ("register_servers", {"port": port, "count": 500}),
                ("ask_endpoints", {"port": port, "count": 500}),
                ("send_oversized_chunks", {"port": port}),
            )
            burglars = (
                ("come_with_certificates", {"url": url, "keys": guarded.strangers, "count": CERTIFICATES}),
                ("guess_passwords", {"url": url, "keys": guarded.member, "user": "alice", "count": 20}),
            )
            async with scene.under_attack(*guests) as (_, answers), scene.under_attack(*burglars) as (_, doors):
                await scene.clients.see_ticks(3)
                tokens, harm, registered, endpoints, oversized = answers
                assert tokens == {"BadSessionIdInvalid": 1000}
                assert harm == []
                assert registered == {"BadServiceUnsupported": 500}
                assert endpoints == 500
                assert oversized == ["BadTcpMessageTooLarge"] * 4
                turned_away, logins = doors
                assert turned_away == CERTIFICATES
                assert set(logins) <= {"BadUserAccessDenied", "BadIdentityTokenRejected", "BadServerTooBusy"}
                await newcomer(scene)
            rounds.append(await scene.look())
        await scene.judge(quiet, before, rounds, MANY_LINES)
        audited = sum(AUDIT in line for line in scene.gateway.log)
        most = REFUSALS_AT_ONCE + 2 * REFUSALS_PER_S * (anyio.current_time() - began)
        assert REFUSALS_AT_ONCE <= audited <= most, "one line for each, and one whenever some are left out"
        told = "\n".join(scene.gateway.log)
        for word in ("stranger", "expired", "alice"):
            assert word in told


async def test_who_takes_too_much_gets_no_more(open_scene: OpenScene, guarded: Guarded) -> None:
    limits = Limits()
    async with open_scene(**guarded.settings) as scene:
        port = scene.opcua_port
        quiet = await scene.look()
        await scene.clients.see_ticks(10)
        before = await scene.look()
        rounds = []
        for _ in range(2):
            async with scene.under_attack(("hold_channels", {"port": port, "count": 300})) as (_, (channels,)):
                await scene.clients.see_ticks(3)
                assert channels == limits.connections // 2
                await newcomer(scene)
            async with scene.under_attack(("hold_sessions", {"port": port, "count": 500})) as (_, (sessions,)):
                await scene.clients.see_ticks(3)
                most = limits.sessions_per_address
                assert sessions == {"Good": most, "BadTooManySessions": 500 - most}
                await newcomer(scene)
            hoard = {"port": port, "ids": scene.node_ids, "count": 100}
            async with scene.under_attack(("hold_subscriptions", hoard)) as (_, (subscriptions,)):
                await scene.clients.see_ticks(10)
                most = limits.subscriptions_per_session
                assert subscriptions == {"Good": most, "BadTooManySubscriptions": 100 - most}
                await newcomer(scene)
            rounds.append(await scene.look())
        await scene.judge(quiet, before, rounds, MANY_LINES)
