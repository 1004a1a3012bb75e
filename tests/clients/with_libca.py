"""Run a script with another libca than that of epicscorelibs: python with_libca.py LIBCA SCRIPT"""

from __future__ import annotations

import runpy
import sys

from epicscorelibs import path

path.get_lib = lambda _name: sys.argv[1]
runpy.run_path(sys.argv[2], run_name="__main__")
