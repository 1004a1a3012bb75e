"""Every folder of `bad/` holds a settings file and the exact text that a user sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings.load import load_settings

FOLDERS = sorted(path.parent for path in (Path(__file__).parent / "bad").glob("*/config.yaml"))


def test_there_are_bad_files():
    assert len(FOLDERS) >= 30


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_bad_file_is_explained(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    with pytest.raises(SettingsError) as caught:
        load_settings(Path("config.yaml"), environ={})
    assert "\n".join(caught.value.problems) + "\n" == (folder / "expected.txt").read_text()
    assert str(caught.value) == "\n".join(caught.value.problems)
