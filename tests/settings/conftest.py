from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings.load import load_settings

WORKING = """\
site: works
buses:
  line1: {link: /dev/ttyUSB0, protocol: modbus-rtu}
analysers:
  stack1:
    driver: servomex4100
    bus: line1
    channels: {I1: {unit: "%"}}
adapters:
  opcua:
"""


@pytest.fixture
def problems_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Problems of a text as a settings file, `f.yaml`; none for a good one."""
    monkeypatch.chdir(tmp_path)

    def check(text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
        Path("f.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            load_settings(Path("f.yaml"), environ=environ or {})
        except SettingsError as error:
            return error.problems
        return []

    return check


@pytest.fixture
def working() -> str:
    """The shortest settings that run."""
    return WORKING
