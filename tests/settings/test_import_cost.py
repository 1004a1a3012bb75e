"""Checking a settings file must not pull in the engines: it is what an operator waits for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ENGINES = ("asyncua", "caproto", "p4p", "pymodbus", "serial", "asyncio", "numpy")
PROGRAM = """
import sys
from pathlib import Path
from gateway.settings.load import check_settings, load_settings
check_settings(load_settings(Path(sys.argv[1]), environ={}))
print(*sorted(name for name in sys.modules if "." not in name))
"""


def test_loading_and_checking_imports_no_engine():
    good = Path(__file__).parent / "good" / "every_feature.yaml"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(good)], capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert "pydantic" in imported
    assert not set(imported) & set(ENGINES)
