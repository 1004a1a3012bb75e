"""Who may log in, over which channel, and whose session is whose."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import encrypt_asymmetric
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.model.access import Access
from tests.adapters.opcua.certificates import CLIENT
from tests.adapters.opcua.recording_desk import (
    GROUP_2,
    PASSWORD,
    YES,
    ClientKeys,
    RecordingDesk,
    call_request,
    channel,
    logged_in,
    operator,
    secured,
)

VALUE = ua.NodeId("stack/I1/Value", 2)
BASIC256SHA256 = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"


async def _log_in(client: Client, token: object) -> str:
    """Activate the session with this token; returns the name of the StatusCode."""

    def give(parameters: ua.ActivateSessionParameters, _user: object, _password: object) -> None:
        parameters.UserIdentityToken = token

    client._add_user_auth = give
    try:
        await client.activate_session(username="x", password="x")
    except ua.UaStatusCodeError as error:
        return ua.StatusCode(error.code).name
    return "Good"


def _sealed(client: Client, password: str, nonce: bytes | None = None) -> bytes:
    """The password as a client encrypts it for the server it is connected to."""
    key = x509.load_der_x509_certificate(client.security_policy.peer_certificate).public_key()
    content = password.encode() + (client._server_nonce if nonce is None else nonce)
    return encrypt_asymmetric(key, ua.ua_binary.Primitives.Bytes.pack(content), BASIC256SHA256)[0]


def _token(password: bytes, algorithm: str | None = "http://www.w3.org/2001/04/xmlenc#rsa-oaep") -> Any:
    return ua.UserNameIdentityToken(
        PolicyId="username", UserName="alice", Password=password, EncryptionAlgorithm=algorithm
    )


async def _call(client: Client) -> str:
    (result,) = await client.uaclient.call([call_request(GROUP_2, YES)])
    return str(result.StatusCode.name)


async def test_user_names_are_offered_on_the_encrypted_endpoint_alone(action_url: str) -> None:
    plain, encrypted = await Client(action_url).connect_and_get_server_endpoints()
    assert plain.SecurityMode is ua.MessageSecurityMode.None_
    assert [token.TokenType for token in plain.UserIdentityTokens] == [ua.UserTokenType.Anonymous]
    assert encrypted.SecurityMode is ua.MessageSecurityMode.SignAndEncrypt
    assert encrypted.SecurityPolicyUri == BASIC256SHA256
    anonymous, user_name, by_certificate = encrypted.UserIdentityTokens
    assert anonymous.TokenType is ua.UserTokenType.Anonymous
    assert (user_name.TokenType, user_name.SecurityPolicyUri) == (ua.UserTokenType.UserName, BASIC256SHA256)
    assert (by_certificate.TokenType, by_certificate.SecurityPolicyUri) == (
        ua.UserTokenType.Certificate,
        BASIC256SHA256,
    )
    certificate = x509.load_der_x509_certificate(encrypted.ServerCertificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [encrypted.Server.ApplicationUri]
    assert "127.0.0.1" in map(str, names.get_values_for_type(x509.IPAddress))


async def test_wrong_names_and_passwords(action_url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    for user, password in (("alice", "wrong"), ("bob\u2019", PASSWORD), ("alice", PASSWORD + "x")):
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            await logged_in(action_url, keys, user, password)
    with pytest.raises(ua.uaerrors.BadIdentityTokenInvalid):
        await logged_in(action_url, keys, "ali\nce", PASSWORD)
    async with operator(action_url, keys) as client:
        assert await _call(client) == "Good"
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await logged_in(action_url, keys, "mallory", "guess")
    assert [(one.what, one.user) for one in desk.records] == [
        (Access.LOGIN_REFUSED, "alice"),
        (Access.LOGIN_REFUSED, "bob\u2019"),
        (Access.LOGIN_REFUSED, "alice"),
        (Access.LOGIN_REFUSED, "ali\nce"),
        (Access.LOGIN, "alice"),
        (Access.LOGOUT, "alice"),
        (Access.LOGIN_REFUSED, "mallory"),
    ]
    assert {one.host for one in desk.records} == {"127.0.0.1"}
    assert len(desk.requests) == 1


async def test_a_password_must_be_sealed_for_this_session(
    action_url: str, keys: ClientKeys, desk: RecordingDesk
) -> None:
    async with channel(await secured(action_url, keys)) as client:
        await client.create_session()
        assert await _log_in(client, _token(PASSWORD.encode(), None)) == "BadIdentityTokenRejected"
        assert await _log_in(client, _token(PASSWORD.encode())) == "BadIdentityTokenInvalid"
        rsa15 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
        assert await _log_in(client, _token(_sealed(client, PASSWORD), rsa15)) == "BadIdentityTokenInvalid"
        assert await _log_in(client, _token(_sealed(client, PASSWORD, bytes(32)))) == "BadIdentityTokenInvalid"
        with pytest.raises(ua.uaerrors.BadSessionNotActivated):
            await client.uaclient.call([call_request(GROUP_2, YES)])
        by_certificate = ua.X509IdentityToken(CertificateData=keys.certificate.read_bytes())
        assert await _log_in(client, by_certificate) == "BadIdentityTokenInvalid"
        nameless = _token(_sealed(client, PASSWORD))
        nameless.UserName = None
        assert await _log_in(client, nameless) == "BadIdentityTokenInvalid"
        recorded = _token(_sealed(client, PASSWORD))
        assert await _log_in(client, recorded) == "Good"
        assert await _log_in(client, recorded) == "BadIdentityTokenInvalid"  # used up
        assert await _call(client) == "Good"  # a failed change of user changes nothing
    async with channel(await secured(action_url, keys)) as thief:
        await thief.create_session()
        assert await _log_in(thief, recorded) == "BadIdentityTokenInvalid"
    assert len(desk.requests) == 1


async def test_a_user_may_become_anonymous_again(action_url: str, keys: ClientKeys) -> None:
    async with operator(action_url, keys) as client:
        await client.activate_session()
        assert await _call(client) == "BadUserAccessDenied"


async def test_nobody_logs_in_where_others_can_listen(action_url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    async with channel(Client(action_url)) as client:
        await client.create_session()
        for token in (_token(PASSWORD.encode(), None), _token(_sealed(client, PASSWORD))):
            assert await _log_in(client, token) == "BadIdentityTokenRejected"
    with pytest.raises(ua.UaError, match="No matching endpoints"):
        await secured(action_url, keys, ua.MessageSecurityMode.Sign)
    signing = await secured(action_url, keys)
    signing.security_policy.Mode = ua.MessageSecurityMode.Sign
    with pytest.raises((ConnectionError, ua.UaError)):
        async with channel(signing):
            pass
    assert desk.requests == []


async def test_a_client_must_hold_the_key_of_its_certificate(action_url: str, keys: ClientKeys) -> None:
    client = await secured(action_url, keys)
    async with channel(client):
        await client.create_session()
        other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        client.security_policy.asymmetric_cryptography.Signer.host_privkey = other_key
        with pytest.raises(ua.uaerrors.BadApplicationSignatureInvalid):
            await client.activate_session()


async def test_weak_keys_of_clients_are_refused(action_url: str, tmp_path: Path, pki_folder: Path) -> None:
    keys = ClientKeys.write(tmp_path, CLIENT.but(bits=1024).made())
    shutil.copy(keys.certificate, pki_folder / "trusted" / "certs" / "weak.der")
    with pytest.raises((ConnectionError, ua.UaError)):
        async with channel(await secured(action_url, keys)):
            pass


async def test_the_session_of_an_operator_is_of_no_use_to_others(
    action_url: str, keys: ClientKeys, tmp_path: Path, pki_folder: Path, desk: RecordingDesk
) -> None:
    other_keys = ClientKeys.write(tmp_path, CLIENT.but(key_name="other").made())
    shutil.copy(other_keys.certificate, pki_folder / "trusted" / "certs" / "other.der")
    async with operator(action_url, keys) as victim:
        token = victim.uaclient.protocol.authentication_token
        for thief in (Client(action_url), await secured(action_url, other_keys), await secured(action_url, keys)):
            same_key = thief.security_policy.host_certificate == victim.security_policy.host_certificate
            async with channel(thief):
                thief.uaclient.protocol.authentication_token = token
                with pytest.raises(ua.uaerrors.BadSecureChannelIdInvalid):
                    await _call(thief)
                thief._server_nonce = b"" if same_key else victim._server_nonce
                refusal = "BadApplicationSignatureInvalid" if same_key else "BadSecureChannelIdInvalid"
                with pytest.raises(ua.UaStatusCodeError, match=refusal):
                    await thief.uaclient.activate_session(await _parameters(thief))
                with pytest.raises(ua.uaerrors.BadSecureChannelIdInvalid):
                    await _call(thief)
        assert await _call(victim) == "Good"
    assert len(desk.requests) == 1


async def _parameters(client: Client) -> ua.ActivateSessionParameters:
    """What the client would send to become anonymous in a session."""
    parameters = ua.ActivateSessionParameters(UserIdentityToken=ua.AnonymousIdentityToken(PolicyId="anonymous"))
    challenge = (client.security_policy.peer_certificate or b"") + client._server_nonce
    parameters.ClientSignature.Signature = client.security_policy.asymmetric_cryptography.signature(challenge)
    return parameters


async def test_a_broken_connection_is_taken_up_again_by_the_same_client(action_url: str, keys: ClientKeys) -> None:
    first = await logged_in(action_url, keys)
    async with channel(await secured(action_url, keys)) as again:
        again.uaclient.protocol.authentication_token = first.uaclient.protocol.authentication_token
        again._server_nonce, again._policy_ids = first._server_nonce, first._policy_ids
        await again.activate_session(username="alice", password=PASSWORD)
        assert await _call(again) == "Good"
        with pytest.raises(ua.uaerrors.BadSecureChannelIdInvalid):
            await _call(first)
        first.uaclient.protocol.transport.abort()
        await first.disconnect()
        assert await _call(again) == "Good"


async def test_two_sessions_of_one_connection_are_told_apart(action_url: str, keys: ClientKeys) -> None:
    async with operator(action_url, keys) as client:
        mine = client.uaclient.protocol.authentication_token
        await client.create_session()
        with pytest.raises(ua.uaerrors.BadSessionNotActivated):
            await _call(client)
        await client.activate_session()
        anonymous = client.uaclient.protocol.authentication_token
        assert anonymous != mine
        assert await _call(client) == "BadUserAccessDenied"
        client.uaclient.protocol.authentication_token = mine
        assert await _call(client) == "Good"
        client.uaclient.protocol.authentication_token = ua.NodeId(ua.ByteString(bytes(32)))
        with pytest.raises(ua.uaerrors.BadSessionIdInvalid):
            await _call(client)
        client.uaclient.protocol.authentication_token = mine
