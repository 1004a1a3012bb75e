"""A Python 3.13 with the gateway and the instrument libraries, which need it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REQUIREMENTS = Path(__file__).with_name("family.txt")
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST = (3, 13)


def family_python(cache: pytest.Cache) -> Path:
    """The interpreter of a virtual environment with the libraries; the first call installs them.

    It is kept under the cache of pytest, for as long as what is wanted in it stays the same.
    """
    python = next(_new_pythons(), None)
    if python is None:
        pytest.skip("no Python 3.13 on PATH or under ~/.pyenv/versions, and the instrument libraries need it")
    files = [REQUIREMENTS, CONSTRAINTS, ROOT / "pyproject.toml"]
    key = "\n".join([python, str(ROOT), *(file.read_text() for file in files)])
    folder = cache.mkdir("family") / hashlib.sha256(key.encode()).hexdigest()[:16]
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "installed").exists():
        shutil.rmtree(folder.parent)
        subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
        pip = [sys.executable, "-m", "pip", "--python", inside, "install", "--quiet", "--disable-pip-version-check"]
        wanted = ["--constraint", CONSTRAINTS, "--requirement", REQUIREMENTS, "--editable", ROOT]
        done = subprocess.run([*pip, "--no-compile", *wanted], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"the libraries cannot be installed: {done.stderr}")
        (folder / "installed").touch()
    return inside


def _new_pythons() -> Iterator[str]:
    """Interpreters that are new enough and start; a shim of pyenv may stand for one that does not."""
    named = [sys.executable, shutil.which("python3.13"), shutil.which("python3.14")]
    own = sorted(Path.home().glob(".pyenv/versions/3.1[3-9]*/bin/python3"))
    code = f"import sys, venv; sys.exit(sys.version_info < {OLDEST})"
    for python in filter(None, [*named, *map(str, own)]):
        if subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0:
            yield python
