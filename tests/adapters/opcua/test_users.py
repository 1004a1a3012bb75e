"""Users of a users file over every policy and mode: by password, by certificate, with their roles, and their ends."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup
from asyncua import Client, ua
from asyncua.crypto.security_policies import (
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.settings import AnonymousAccess, OpcUaSettings, PolicyName, SecuritySettings
from gateway.model.access import Access
from gateway.model.password_hash import PasswordHash
from gateway.model.points import SiteSpec
from gateway.model.role import Role
from gateway.model.update import Update
from gateway.model.user import User
from gateway.runtime import users as users_module
from gateway.runtime.user_file import UserFile, read_users, write_users
from gateway.runtime.users import Users
from gateway.streaming.clock import SystemClock
from tests.adapters.opcua.certificates import CLIENT_URI, USER, Certified
from tests.adapters.opcua.conftest import Collector
from tests.adapters.opcua.recording_desk import (
    GROUP_2,
    METHOD,
    YES,
    ClientKeys,
    RecordingDesk,
    call_request,
    channel,
    with_actions,
)
from tests.serving import serving as serve_adapter
from tests.users import quick_hash

POLICIES = (SecurityPolicyBasic256Sha256, SecurityPolicyAes128Sha256RsaOaep, SecurityPolicyAes256Sha256RsaPss)
MODES = (ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt)
VALUE = "ns=2;s=stack/I1/Value"
PASSWORDS = {"olga": "just looking", "otto": "turn the valve", "emma": "Schlüssel zum Keller"}
ROLES = {"olga": Role.OBSERVER, "otto": Role.OPERATOR, "emma": Role.ENGINEER}


class Plant:
    """A running server with its users."""

    def __init__(self, url: str, keys: ClientKeys, desk: RecordingDesk, file: Path, adapter: OpcUaAdapter) -> None:
        self.url, self.keys, self.desk, self.file, self.adapter = url, keys, desk, file, adapter

    async def client(
        self, policy: type = SecurityPolicyBasic256Sha256, mode: ua.MessageSecurityMode = MODES[1]
    ) -> Client:
        client = Client(self.url, timeout=20)
        client.application_uri = CLIENT_URI
        await client.set_security(policy, self.keys.certificate, self.keys.key, mode=mode)
        return client

    @asynccontextmanager
    async def user(self, name: str, password: str | None = None, **how: Any) -> AsyncIterator[Client]:
        client = await self.client(**how)
        client.set_user(name)
        client.set_password(PASSWORDS[name] if password is None else password)
        async with client:
            yield client

    @asynccontextmanager
    async def holder(self, card: Certified, **how: Any) -> AsyncIterator[Client]:
        """Somebody with a certificate."""
        client = await self.client(**how)
        client.user_certificate, client.user_private_key = card.certificate, card.key
        async with client:
            yield client

    def change(self, name: str, **changes: Any) -> None:
        known = read_users(self.file)
        write_users(self.file, known | {name: replace(known[name], **changes)})


@pytest.fixture(scope="session")
def card() -> Certified:
    """The certificate of a user."""
    return USER.made()


@pytest.fixture
async def plant(
    site: SiteSpec,
    settings: OpcUaSettings,
    pki_folder: Path,
    keys: ClientKeys,
    card: Certified,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Plant]:
    """Closed to anonymous clients, in every policy and mode."""
    monkeypatch.setattr(users_module, "LOOK_S", 0.02)
    (pki_folder / "trusted_users" / "certs" / "card.der").write_bytes(card.der)
    file = tmp_path / "users.json"
    thumbprint = card.certificate.fingerprint(hashes.SHA256()).hex()
    users = {name: User(ROLES[name], quick_hash(PASSWORDS[name])) for name in PASSWORDS}
    write_users(file, users | {"card": User(Role.OPERATOR, None, (thumbprint,))})
    directory = Users({}, UserFile(file), SystemClock())
    desk = RecordingDesk(users=directory)
    secure = SecuritySettings(policies=tuple(PolicyName)[1:], pki=pki_folder)
    closed = replace(settings, security=secure, anonymous=AnonymousAccess.OFF, limits=Limits(sessions_per_user=3))
    adapter = OpcUaAdapter(with_actions(site), closed)
    adapter.offer(desk)
    async with anyio.create_task_group() as tasks:
        await _start(tasks, directory)
        async with serve_adapter(adapter) as url:
            yield Plant(url, keys, desk, file, adapter)
        tasks.cancel_scope.cancel()


async def _start(tasks: TaskGroup, directory: Users) -> None:
    await tasks.start(lambda *, task_status: directory.run(task_status=task_status))


async def _call(client: Client) -> str:
    (result,) = await client.uaclient.call([call_request(GROUP_2, YES)])
    return str(result.StatusCode.name)


async def test_endpoints_say_what_is_taken(plant: Plant) -> None:
    endpoints = await Client(plant.url).connect_and_get_server_endpoints()
    assert len(endpoints) == 6
    for endpoint in endpoints:
        assert [token.TokenType for token in endpoint.UserIdentityTokens] == [
            ua.UserTokenType.UserName,
            ua.UserTokenType.Certificate,
        ]
        assert {token.SecurityPolicyUri for token in endpoint.UserIdentityTokens} == {endpoint.SecurityPolicyUri}


async def test_passwords_and_certificates_over_every_policy_and_mode(plant: Plant, card: Certified) -> None:
    for policy, mode in itertools.product(POLICIES, MODES):
        async with plant.user("emma", policy=policy, mode=mode) as client:
            assert await client.get_node(VALUE).read_node_class() is ua.NodeClass.Variable
        async with plant.holder(card, policy=policy, mode=mode) as client:
            assert await _call(client) == "Good"
    for policy in POLICIES:
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            async with plant.user(f"nobody{policy.__name__}", "wrong", policy=policy):
                pass
    origins = {(wish.origin.user, wish.origin.proved) for wish in plant.desk.requests}
    assert origins == {("card", True)}


async def test_what_each_role_may_do(plant: Plant) -> None:
    for name, call in (("olga", "BadUserAccessDenied"), ("otto", "Good"), ("emma", "Good")):
        async with plant.user(name) as client:
            assert await client.get_node(VALUE).read_node_class() is ua.NodeClass.Variable
            assert await _call(client) == call
    assert [wish.origin.user for wish in plant.desk.requests] == ["otto", "emma"]


async def test_anonymous_clients_stay_outside(plant: Plant) -> None:
    client = await plant.client()
    async with channel(client):
        await client.create_session()
        token = ua.AnonymousIdentityToken(PolicyId="anonymous")
        client._add_anonymous_auth = lambda params: setattr(params, "UserIdentityToken", token)
        with pytest.raises(ua.uaerrors.BadIdentityTokenRejected):
            await client.activate_session()
        with pytest.raises(ua.uaerrors.BadSessionNotActivated):
            await client.get_node(VALUE).read_value()
    assert [(one.what, one.user) for one in plant.desk.records] == [(Access.LOGIN_REFUSED, "")]


async def test_certificates_of_nobody(plant: Plant, card: Certified) -> None:
    stranger = USER.but(name="Stranger").made()
    expired = USER.but(name="Expired", lasts=timedelta(hours=12)).made()
    weak = USER.but(name="Weak", bits=1024).made()
    (plant.file.parent / "pki" / "trusted_users" / "certs" / "expired.der").write_bytes(expired.der)
    wrong = {
        stranger: ua.uaerrors.BadIdentityTokenRejected,
        expired: ua.uaerrors.BadIdentityTokenInvalid,
        weak: ua.uaerrors.BadIdentityTokenInvalid,
    }
    for one, refusal in wrong.items():
        with pytest.raises(refusal):
            async with plant.holder(one):
                pass
    other_key = replace(card, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    with pytest.raises(ua.uaerrors.BadUserSignatureInvalid):
        async with plant.holder(other_key):
            pass
    plant.change("card", certificates=())
    await _until(
        lambda: plant.desk.users.role_of("card") is not None and not read_users(plant.file)["card"].certificates
    )
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await _until_refused(plant, card)


async def _until_refused(plant: Plant, card: Certified) -> None:
    with anyio.fail_after(20):
        while True:
            async with plant.holder(card):
                pass


async def _until(condition: Any) -> None:
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110  of what has no event
            await anyio.sleep(0.01)


@pytest.mark.parametrize(
    "change", [{"disabled": True}, {"role": Role.OBSERVER}, {"password": quick_hash("another one")}], ids=str
)
async def test_sessions_of_a_changed_user_end(plant: Plant, change: dict[str, Any]) -> None:
    async with plant.user("emma") as bystander:
        client = await plant.client()
        client.set_user("otto")
        client.set_password(PASSWORDS["otto"])
        await client.connect()
        assert await _call(client) == "Good"
        plant.change("otto", **change)
        with pytest.raises((ConnectionError, ua.UaError)):
            with anyio.fail_after(20):
                while True:
                    await client.get_node(VALUE).read_node_class()
        await client.disconnect()
        assert await bystander.get_node(VALUE).read_node_class() is ua.NodeClass.Variable
    ended = [one for one in plant.desk.records if one.what is Access.LOGOUT and one.user == "otto"]
    assert [one.detail for one in ended] == ["the user has changed in the users file"]


async def test_another_user_may_take_over_a_session_but_not_on_another_channel(plant: Plant) -> None:
    async with plant.user("otto") as client:
        await client.activate_session(username="olga", password=PASSWORDS["olga"])
        assert await _call(client) == "BadUserAccessDenied"
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            await client.activate_session(username="emma", password="guess")
        assert await _call(client) == "BadUserAccessDenied"
        await client.activate_session(username="otto", password=PASSWORDS["otto"])
        assert await _call(client) == "Good"
        async with channel(await plant.client()) as again:
            again.uaclient.protocol.authentication_token = client.uaclient.protocol.authentication_token
            again._server_nonce, again._policy_ids = client._server_nonce, client._policy_ids
            with pytest.raises(ua.uaerrors.BadIdentityChangeNotSupported):
                await again.activate_session(username="emma", password=PASSWORDS["emma"])
            await again.activate_session(username="otto", password=PASSWORDS["otto"])
            assert await _call(again) == "Good"
            client.uaclient.protocol.authentication_token = ua.NodeId()
            await again.close_session()
    said = [(one.what, one.user) for one in plant.desk.records]
    assert said == [
        (Access.LOGIN, "otto"), (Access.LOGOUT, "otto"), (Access.LOGIN, "olga"), (Access.LOGIN_REFUSED, "emma"),
        (Access.LOGOUT, "olga"), (Access.LOGIN, "otto"), (Access.LOGIN_REFUSED, ""), (Access.LOGOUT, "otto"),
    ]  # fmt: skip


async def test_a_user_has_so_many_sessions_and_no_more(plant: Plant) -> None:
    async with plant.user("otto"), plant.user("otto"), plant.user("otto"), plant.user("emma"):
        with pytest.raises(ua.uaerrors.BadTooManySessions):
            async with plant.user("otto"):
                pass
    async with plant.user("otto"):
        pass


async def test_a_user_whose_connections_break_is_not_locked_out(plant: Plant) -> None:
    for _ in range(5):
        async with plant.user("otto") as client:
            client.uaclient.protocol.transport.abort()


async def test_a_session_activated_for_the_first_time_on_another_channel_is_refused(plant: Plant) -> None:
    async with channel(await plant.client()) as first, channel(await plant.client()) as second:
        await first.create_session()
        second.uaclient.protocol.authentication_token = first.uaclient.protocol.authentication_token
        second._server_nonce, second._policy_ids = first._server_nonce, first._policy_ids
        with pytest.raises(ua.uaerrors.BadSecureChannelIdInvalid):
            await second.activate_session(username="otto", password=PASSWORDS["otto"])
        await first.activate_session(username="otto", password=PASSWORDS["otto"])
        assert await _call(first) == "Good"
        await first.close_session()


@dataclass
class Heard:
    """Subscription handler that keeps events."""

    events: list[Any] = field(default_factory=list)

    def event_notification(self, event: Any) -> None:
        self.events.append(event)

    def of(self, kind: int) -> list[Any]:
        return [event for event in self.events if event.EventType == ua.NodeId(kind)]


async def test_engineers_see_audit_events_and_nobody_else_does(plant: Plant) -> None:
    heard, overheard = Heard(), Heard()
    async with plant.user("emma") as engineer, plant.user("otto") as operator:
        for client, ear in ((engineer, heard), (operator, overheard)):
            subscription = await client.create_subscription(100, ear)
            await subscription.subscribe_events(ua.ObjectIds.Server, ua.ObjectIds.AuditActivateSessionEventType)
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            async with plant.user("olga", "guess"):
                pass
        async with plant.user("olga"):
            pass
        await _until(lambda: len(heard.of(ua.ObjectIds.AuditActivateSessionEventType)) >= 2)
        refused, let_in = heard.of(ua.ObjectIds.AuditActivateSessionEventType)[:2]
        assert (refused.Status, refused.ClientUserId, refused.Message.Text) == (
            False,
            "olga",
            "wrong user name or password",
        )
        assert refused.SourceName == "Session/ActivateSession"
        assert (let_in.Status, let_in.ClientUserId, let_in.Message.Text) == (True, "olga", "as Observer")
        assert overheard.events == []
        calls = Heard()
        subscription = await engineer.create_subscription(100, calls)
        await subscription.subscribe_events(ua.ObjectIds.Server, ua.ObjectIds.AuditUpdateMethodEventType)
        assert await _call(operator) == "Good"
        await _until(lambda: calls.events)
        (called,) = calls.of(ua.ObjectIds.AuditUpdateMethodEventType)
        assert (called.Status, called.ClientUserId, called.MethodId) == (True, "otto", ua.NodeId.from_string(METHOD))
        assert [argument.Value for argument in called.InputArguments] == [2, True]


async def test_engineers_read_who_has_which_role(plant: Plant) -> None:
    async def names(client: Client, role: int) -> list[str]:
        rules = await client.get_node(ua.NodeId(role)).get_child("0:Identities")
        return [rule.Criteria for rule in await rules.read_value()]

    async with plant.user("emma") as engineer, plant.user("otto") as operator:
        assert await names(engineer, ua.ObjectIds.WellKnownRole_Observer) == ["olga"]
        assert await names(engineer, ua.ObjectIds.WellKnownRole_Operator) == ["card", "otto"]
        assert await names(engineer, ua.ObjectIds.WellKnownRole_Anonymous) == []
        plant.change("olga", disabled=True)
        await _until(lambda: plant.desk.users.role_of("olga") is None)
        assert await names(engineer, ua.ObjectIds.WellKnownRole_Observer) == []
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            await names(operator, ua.ObjectIds.WellKnownRole_Observer)


async def test_wrong_passwords_in_number_reach_neither_the_hash_nor_other_users(
    plant: Plant, update: Callable[..., Update], monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[PasswordHash] = []
    fits = PasswordHash.fits
    monkeypatch.setattr(PasswordHash, "fits", lambda self, password: computed.append(self) or fits(self, password))
    seen = Collector()
    refusals: list[type[Exception]] = []

    async def guess() -> None:
        async with channel(await plant.client()) as client:
            await client.create_session()
            for number in range(40):
                try:
                    await client.activate_session(username="otto", password=f"guess {number}")
                except ua.UaStatusCodeError as error:
                    refusals.append(type(error))

    async with plant.user("emma") as bystander:
        subscription = await bystander.create_subscription(50, seen)
        await subscription.subscribe_data_change(bystander.get_node("ns=2;s=stack/Status/Tick"), queuesize=100)
        await seen.until_count(1)
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(guess)
            for tick in range(1, 31):
                plant.adapter.apply(update((20.9, "O2", False, tick, -0.25, 0.5, 3.0)))
                await anyio.sleep(0.02)
        ticks = [data.Value.Value for data in await seen.until(lambda values: values[-1].Value.Value == 30)]
        assert ticks[1:] == sorted(set(ticks[1:]))
    assert len(refusals) == 200
    assert set(refusals) <= {ua.uaerrors.BadUserAccessDenied, ua.uaerrors.BadServerTooBusy}
    assert len(computed) < 20
    async with plant.user("emma"):
        pass
