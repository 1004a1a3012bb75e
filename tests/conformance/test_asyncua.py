"""Every check of asyncua's client, without security and with all of it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.security.pki_folders import PkiFolders
from gateway.adapters.opcua.settings import AnonymousAccess, OpcUaSettings, PolicyName, SecuritySettings
from gateway.model.meaning import CompanionModel
from tests.adapters.opcua.certificates import CLIENT, CLIENT_URI
from tests.conformance.analysers import played, site_of
from tests.conformance.asyncua_bench import Bench
from tests.conformance.asyncua_checks import CHECKS
from tests.serving import serving

MODES = (ua.MessageSecurityMode.None_, ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt)
LONGEST_S = 60.0

Found = Mapping[tuple[ua.MessageSecurityMode, str], str | None]
pytestmark = pytest.mark.timeout(400)  # the first one waits for all


async def _run(folder: Path) -> Found:
    """Every check in every mode, each on an analyser of its own and all at once; why it failed, or None."""
    found: dict[tuple[ua.MessageSecurityMode, str], str | None] = {}
    client_keys = CLIENT.made()
    keys = folder / "client.der", folder / "client.pem"
    keys[0].write_bytes(client_keys.der)
    keys[1].write_bytes(client_keys.key_pem)
    folders = PkiFolders(folder / "pki")
    folders.make()
    (folders.trusted.certificates / "client.der").write_bytes(client_keys.der)
    names = {(mode, name): f"{mode.name} {name}" for mode in MODES for name in CHECKS}
    site = site_of(dict.fromkeys(names.values(), CompanionModel.PLAIN))
    security = SecuritySettings(policies=(PolicyName.NONE, PolicyName.BASIC256SHA256), pki=folders.root)
    settings = OpcUaSettings(host="127.0.0.1", port=0, security=security, anonymous=AnonymousAccess.OBSERVER)
    adapter = OpcUaAdapter(site, settings)
    analysers = played(adapter, site)
    crowd = anyio.Semaphore(8)

    async def judge(url: str, mode: ua.MessageSecurityMode, name: str) -> None:
        async def make_client() -> Client:
            client = Client(url, timeout=30, watchdog_intervall=60)  # it gives up what does not answer in that time
            client.application_uri = CLIENT_URI
            if mode is not ua.MessageSecurityMode.None_:
                await client.set_security(SecurityPolicyBasic256Sha256, *keys, mode=mode)
            await client.connect()
            return client

        device = names[mode, name]
        async with crowd:
            try:
                with anyio.fail_after(LONGEST_S):
                    await CHECKS[name](Bench(analysers[device], device, make_client))
                found[mode, name] = None
            except Exception:  # noqa: BLE001  the verdict of one is not that of the others
                found[mode, name] = traceback.format_exc()

    async with serving(adapter) as url, anyio.create_task_group() as tasks:
        for mode, name in names:
            tasks.start_soon(judge, url, mode, name)
    return found


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return anyio.run(_run, tmp_path_factory.mktemp("asyncua"))


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_check(verdicts: Found, mode: ua.MessageSecurityMode, name: str) -> None:
    error = verdicts[mode, name]
    assert error is None, error
