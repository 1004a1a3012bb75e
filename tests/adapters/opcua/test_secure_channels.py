"""Real handshakes: every policy and mode, and everybody who must not get in."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import (
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from cryptography import x509

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.network import channel_protocol, listener
from gateway.adapters.opcua.settings import ModeName, OpcUaSettings, PolicyName, SecuritySettings
from gateway.model.points import SiteSpec
from gateway.model.update import Update
from tests.adapters.opcua.certificates import AUTHORITY, CLIENT, CLIENT_URI, Certified
from tests.adapters.opcua.recording_desk import ClientKeys
from tests.clients.node_client import NodeClient
from tests.serving import serving

VALUE = ua.NodeId("stack/I1/Value", 2)
POLICIES: dict[str, Any] = {
    "Basic256Sha256": SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": SecurityPolicyAes256Sha256RsaPss,
}
MODES = {"Sign": ua.MessageSecurityMode.Sign, "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt}
EVERY_WAY = [(policy, mode) for policy in POLICIES for mode in MODES]
REFUSED = (ConnectionError, ua.UaError, TimeoutError)


@pytest.fixture
def secure(settings: OpcUaSettings, pki_folder: Path) -> OpcUaSettings:
    """Every safe policy in every mode, and nothing else."""
    policies = tuple(policy for policy in PolicyName if policy is not PolicyName.NONE)
    return replace(settings, security=SecuritySettings(policies=policies, modes=tuple(ModeName), pki=pki_folder))


@pytest.fixture
def secure_adapter(site: SiteSpec, secure: OpcUaSettings) -> OpcUaAdapter:
    return OpcUaAdapter(site, secure)


@pytest.fixture
async def secure_url(secure_adapter: OpcUaAdapter) -> AsyncIterator[str]:
    async with serving(secure_adapter) as endpoint:
        yield endpoint


def write(folder: Path, client: Certified) -> ClientKeys:
    folder.mkdir(exist_ok=True)
    return ClientKeys.write(folder, client)


async def client_of(url: str, keys: ClientKeys, policy: str = "Basic256Sha256", mode: str = "SignAndEncrypt") -> Client:
    client = Client(url, timeout=10)
    client.application_uri = CLIENT_URI
    await client.set_security(POLICIES[policy], keys.certificate, keys.key, mode=MODES[mode])
    return client


@asynccontextmanager
async def channel(client: Client) -> AsyncIterator[Client]:
    """A secure channel, without a session."""
    await client.connect_socket()
    try:
        await client.send_hello()
        await client.open_secure_channel()
        yield client
    finally:
        client.disconnect_socket()


async def test_every_policy_and_mode_with_both_clients(
    secure_adapter: OpcUaAdapter,
    secure_url: str,
    keys: ClientKeys,
    node_client: NodeClient,
    update: Callable[..., Update],
) -> None:
    secure_adapter.apply(update())
    for policy, mode in EVERY_WAY:
        async with await client_of(secure_url, keys, policy, mode) as client:
            assert await client.get_node(VALUE).read_value() == 20.9
    seen = {}
    async with anyio.create_task_group() as tasks:

        async def ask(policy: str, mode: str) -> None:
            how = {"secure": True, "policy": policy, "mode": mode, **keys.for_node}
            seen[policy, mode] = await node_client.ask(secure_url, "read", ids=["ns=2;s=stack/I1/Value"], **how)

        for policy, mode in EVERY_WAY[1::2]:  # each policy signed and encrypted; Sign alone once, below
            tasks.start_soon(ask, policy, mode)
        tasks.start_soon(ask, *EVERY_WAY[0])
    assert {answer["ns=2;s=stack/I1/Value"]["value"] for answer in seen.values()} == {20.9}
    assert len(seen) == 4


async def test_a_server_with_a_certificate_of_the_site_and_its_chain(
    secure_adapter: OpcUaAdapter, keys: ClientKeys, pki_folder: Path, node_client: NodeClient
) -> None:
    root = AUTHORITY.but(name="Site root").made()
    middle = AUTHORITY.but(name="Site servers", issuer=root).made()
    site = CLIENT.but(name="Gateway", uri="urn:site:gateway", extended=None, issuer=middle, bits=4096).made()
    (pki_folder / "own" / "certs" / "site.pem").write_bytes(site.pem + middle.pem)
    (pki_folder / "own" / "private" / "site.pem").write_bytes(site.key_pem)
    async with serving(secure_adapter) as url:
        (one, *_others) = await Client(url).connect_and_get_server_endpoints()
        assert (one.ServerCertificate, one.Server.ApplicationUri) == (site.der, "urn:site:gateway")
        async with await client_of(url, keys, "Aes256_Sha256_RsaPss") as client:
            await client.get_node(VALUE).read_data_value(raise_on_bad_status=False)
        read = await node_client.ask(url, "read", ids=["ns=2;s=stack/I1/Value"], secure=True, **keys.for_node)
        assert read["ns=2;s=stack/I1/Value"]["status"] == "BadWaitingForInitialData"


async def test_endpoints_say_what_is_offered(secure_url: str) -> None:
    endpoints = await Client(secure_url).connect_and_get_server_endpoints()
    assert [(one.SecurityPolicyUri.partition("#")[2], one.SecurityMode.name) for one in endpoints] == EVERY_WAY
    levels = [one.SecurityLevel for one in endpoints]
    assert len(set(levels)) == len(levels)
    by_mode = {
        mode: [one.SecurityLevel for one in endpoints if one.SecurityMode is value] for mode, value in MODES.items()
    }
    assert min(by_mode["SignAndEncrypt"]) > max(by_mode["Sign"]) > 0
    (certificate,) = {bytes(one.ServerCertificate) for one in endpoints}
    assert x509.load_der_x509_certificate(certificate)
    (application,) = {one.Server.ApplicationUri for one in endpoints}
    assert application == "urn:test:analyser-gateway:works%207"  # as in the certificate, whatever this host is called
    (found,) = await Client(secure_url).connect_and_find_servers()
    assert found.ApplicationUri == application


async def test_without_security_there_is_discovery_and_no_more(secure_url: str) -> None:
    async with channel(Client(secure_url)) as client:
        assert len(await client.get_endpoints()) == len(EVERY_WAY)
        with pytest.raises(ua.uaerrors.BadSecurityPolicyRejected):
            await client.create_session()
        with pytest.raises(ua.uaerrors.BadSecurityPolicyRejected):
            await client.get_node(VALUE).read_value()
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.register_server(ua.RegisteredServer(ServerUri="urn:x", ServerNames=[]))
        assert len(await client.get_endpoints()) == len(EVERY_WAY)


async def test_policies_and_modes_that_are_not_offered(
    guarded: OpcUaSettings, site: SiteSpec, keys: ClientKeys
) -> None:
    async with serving(OpcUaAdapter(site, guarded)) as url:
        for policy, mode in (("Aes256_Sha256_RsaPss", "SignAndEncrypt"), ("Basic256Sha256", "Sign")):
            client = await client_of(url, keys)
            own = client.security_policy
            forced = POLICIES[policy](
                own.peer_certificate,
                x509.load_der_x509_certificate(own.host_certificate),
                own.asymmetric_cryptography.Signer.host_privkey,
                MODES[mode],
            )
            client.security_policy = client.uaclient.security_policy = forced
            with pytest.raises(REFUSED):
                async with channel(client):
                    pass


def _wrong_clients() -> dict[str, Certified]:
    stranger = AUTHORITY.but(name="Stranger").made()
    return {
        "untrusted": CLIENT.but(key_name="untrusted").made(),
        "of an unknown authority": CLIENT.but(issuer=stranger, key_name="chain").made(),
        "expired": CLIENT.but(begins=timedelta(days=-40), key_name="expired").made(),
        "not yet valid": CLIENT.but(begins=timedelta(days=1), key_name="early").made(),
        "for another use": CLIENT.but(usage=("digital_signature",), key_name="use").made(),
        "weak": CLIENT.but(bits=1024, key_name="weak").made(),
    }


async def test_who_is_refused_at_the_door_and_learns_nothing(
    secure_url: str, tmp_path: Path, pki_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for what, wrong in _wrong_clients().items():
        keys = write(tmp_path / "wrong", wrong)
        if what not in ("untrusted", "of an unknown authority"):
            (pki_folder / "trusted" / "certs" / "wrong.der").write_bytes(wrong.der)
        client = await client_of(secure_url, keys)
        with pytest.raises(REFUSED) as refusal:
            async with channel(client):
                await client.get_endpoints()  # would be answered on an open channel
        if isinstance(refusal.value, ua.UaStatusCodeError):
            assert refusal.value.code == ua.StatusCodes.BadSecurityChecksFailed, what
    reasons = [record.getMessage().partition(" refused: ")[2] for record in caplog.records if "refused" in record.msg]
    beginnings = (
        *("it is not trusted", "neither it nor its issuer 'CN=Stranger'", "it expired on", "it is not valid before"),
        *("it was not issued for the use as a client", "its key is RSA with 1024 bits"),
    )
    assert all(reason.startswith(beginning) for reason, beginning in zip(reasons, beginnings, strict=True))
    assert len(list((pki_folder / "rejected" / "certs").iterdir())) == len(_wrong_clients())


async def test_trust_counts_without_a_restart(
    secure_url: str, tmp_path: Path, pki_folder: Path, keys: ClientKeys
) -> None:
    root = AUTHORITY.but(name="Site").made()
    client = CLIENT.but(issuer=root, key_name="of site").made()
    other = write(tmp_path / "other", client)
    trusted = pki_folder / "trusted"

    async def comes_in() -> bool:
        try:
            async with channel(await client_of(secure_url, other)):
                return True
        except REFUSED:
            return False

    assert not await comes_in()
    (trusted / "certs" / "root.pem").write_bytes(root.pem)
    assert await comes_in()
    (trusted / "crl" / "root.crl").write_bytes(root.revoking(client))
    assert not await comes_in()
    (trusted / "crl" / "root.crl").write_bytes(root.revoking())
    assert await comes_in()
    (trusted / "certs" / "root.pem").unlink()
    assert not await comes_in()
    async with channel(await client_of(secure_url, keys)):
        pass


async def test_a_session_belongs_to_the_application_of_the_channel(secure_url: str, keys: ClientKeys) -> None:
    client = await client_of(secure_url, keys)
    client.application_uri = "urn:somebody:else"
    async with channel(client):
        with pytest.raises(ua.uaerrors.BadCertificateUriInvalid):
            await client.create_session()
    other = CLIENT.but(key_name="another").made()
    async with channel(await client_of(secure_url, keys)) as client:
        with pytest.raises(ua.uaerrors.BadCertificateInvalid):
            await client.uaclient.create_session(_session(other.der))
        with pytest.raises(ua.uaerrors.BadNonceInvalid):
            await client.uaclient.create_session(_session(keys.certificate.read_bytes(), nonce=bytes(31)))
        await client.create_session()


def _session(certificate: bytes, nonce: bytes = bytes(32)) -> ua.CreateSessionParameters:
    described = ua.ApplicationDescription(ApplicationUri=CLIENT_URI, ApplicationType=ua.ApplicationType.Client)
    return ua.CreateSessionParameters(
        ClientDescription=described, ClientNonce=nonce, ClientCertificate=certificate, RequestedSessionTimeout=60_000.0
    )


async def _renew(client: Client, **changes: Any) -> ua.OpenSecureChannelResult:
    parameters = ua.OpenSecureChannelParameters(
        ClientProtocolVersion=0,
        RequestType=ua.SecurityTokenRequestType.Renew,
        SecurityMode=client.security_policy.Mode,
        RequestedLifetime=3_600_000,
        ClientNonce=bytes(range(32)),
    )
    for name, value in changes.items():
        setattr(parameters, name, value)
    return await client.uaclient.open_secure_channel(parameters)


@pytest.mark.parametrize(("policy", "mode"), [*EVERY_WAY[::3], EVERY_WAY[-1]])
async def test_channels_are_renewed_while_requests_go_on(
    secure_adapter: OpcUaAdapter,
    secure_url: str,
    keys: ClientKeys,
    update: Callable[..., Update],
    policy: str,
    mode: str,
) -> None:
    secure_adapter.apply(update())
    async with await client_of(secure_url, keys, policy, mode) as client:
        for number in range(5):
            await _renew(client, ClientNonce=bytes([number]) * 32)
            assert await client.get_node(VALUE).read_value() == 20.9


async def test_lifetimes_are_revised(secure_url: str, keys: ClientKeys) -> None:
    client = await client_of(secure_url, keys)
    async with channel(client):
        for number, (asked, granted) in enumerate(((1, 10_000), (60_000, 60_000), (2**32 - 1, 3_600_000))):
            result = await _renew(client, RequestedLifetime=asked, ClientNonce=bytes([number]) * 32)
            assert result.SecurityToken.RevisedLifetime == granted
            await client.get_endpoints()


@pytest.mark.parametrize(
    "changes",
    [
        {"ClientNonce": bytes(31)},
        {"ClientNonce": b""},
        {"SecurityMode": ua.MessageSecurityMode.Sign},
        {"RequestType": ua.SecurityTokenRequestType.Issue},
    ],
)
async def test_renewals_that_do_not_fit_end_the_channel(
    secure_url: str, keys: ClientKeys, changes: dict[str, Any]
) -> None:
    client = await client_of(secure_url, keys)
    async with channel(client):
        with pytest.raises(REFUSED):
            await _renew(client, **changes)
        with pytest.raises(REFUSED):
            await client.get_endpoints()


async def test_who_is_distrusted_loses_the_channel_at_its_renewal(
    secure_url: str, keys: ClientKeys, pki_folder: Path
) -> None:
    client = await client_of(secure_url, keys)
    async with channel(client):
        await _renew(client)
        (pki_folder / "trusted" / "certs" / keys.certificate.name).unlink()
        with pytest.raises(REFUSED):
            await _renew(client, ClientNonce=bytes(32))


async def test_who_is_distrusted_is_sent_away(
    secure_adapter: OpcUaAdapter, keys: ClientKeys, pki_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "TRUST_LOOK_S", 0.05)
    other = CLIENT.but(key_name="stays").made()
    other_keys = write(tmp_path / "stays", other)
    (pki_folder / "trusted" / "certs" / "stays.der").write_bytes(other.der)
    async with serving(secure_adapter) as url, channel(await client_of(url, other_keys)) as staying:
        async with channel(await client_of(url, keys)) as leaving:
            await leaving.get_endpoints()
            (pki_folder / "trusted" / "certs" / keys.certificate.name).unlink()
            with anyio.fail_after(20), pytest.raises(REFUSED):
                while True:
                    await leaving.get_endpoints()
        await staying.get_endpoints()


async def test_a_token_ends(secure_url: str, keys: ClientKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await client_of(secure_url, keys)
    async with channel(client):
        await client.get_endpoints()
        later = channel_protocol.time.monotonic() + 3_600 * 1.25 + 1
        monkeypatch.setattr(channel_protocol.time, "monotonic", lambda: later)
        with pytest.raises(REFUSED):
            await client.get_endpoints()


class _Wire:
    """Bytes of a client that can be sent again, or changed on the way."""

    def __init__(self, client: Client) -> None:
        self._transport = client.uaclient.protocol.transport
        self._send = self._transport.write
        self.last = b""
        self._transport.write = self._record

    def _record(self, data: bytes) -> None:
        self.last = data
        self._send(data)

    def again(self, change: Callable[[bytes], bytes] = bytes) -> None:
        self._send(change(self.last))


def _flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("change", [bytes, _flipped(-1), _flipped(-60), _flipped(8), _flipped(12)])
async def test_recorded_and_changed_messages_end_the_connection(
    secure_url: str, keys: ClientKeys, mode: str, change: Callable[[bytes], bytes]
) -> None:
    """Sent again; with a broken signature, content, channel or token."""
    client = await client_of(secure_url, keys, mode=mode)
    async with channel(client):
        wire = _Wire(client)
        await client.get_endpoints()
        wire.again(change)
        with pytest.raises(REFUSED):
            await client.get_endpoints()


async def test_an_opening_for_another_server_is_refused(secure_url: str, keys: ClientKeys) -> None:
    client = await client_of(secure_url, keys)
    client.security_policy.peer_certificate = CLIENT.but(key_name="another server").made().der
    with pytest.raises(REFUSED):
        async with channel(client):
            pass


async def test_half_open_channels_are_given_up(
    secure_adapter: OpcUaAdapter, monkeypatch: pytest.MonkeyPatch, keys: ClientKeys
) -> None:
    """Neither an opening that is cut short nor a channel without a session stays."""
    monkeypatch.setattr(listener, "ACTIVATION_S", 0.5)
    hello = b"HELF" + struct.pack("<IIIIII", 32, 0, 65535, 65535, 0, 0) + struct.pack("<i", -1)
    async with serving(secure_adapter) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with await anyio.connect_tcp("127.0.0.1", port) as raw, channel(await client_of(url, keys)) as client:
            await raw.send(hello)
            assert len(await raw.receive(28)) == 28
            await raw.send(b"OPNF" + struct.pack("<II", 5000, 0) + bytes(100))
            with anyio.fail_after(20), pytest.raises(anyio.EndOfStream):
                await raw.receive()
            with anyio.fail_after(20), pytest.raises(REFUSED):
                while True:
                    await client.get_endpoints()
