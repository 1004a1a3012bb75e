"""Packages of vendors: imported when a device is opened, and missed with words that help."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from gateway.daq.errors import DaqDependencyError


def vendor_package(name: str, *, install: str, library: str) -> Any:  # noqa: ANN401  a package without usable types
    """Import the package of a vendor.

    Args:
        name: What is imported.
        install: How the package is installed, without `pip install`.
        library: What it stands on that pip does not install, and where that comes from.

    Raises:
        DaqDependencyError: The package, or the library that it loads, is not there.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != name.partition(".")[0]:
            raise DaqDependencyError(str(error), where=name, hint=f"pip install {install}") from error
        raise DaqDependencyError(
            f"the package {name.partition('.')[0]} is not installed", hint=f"pip install {install}; it needs {library}"
        ) from error
    except (ImportError, OSError) as error:
        raise DaqDependencyError(f"{error}", where=name, hint=f"install {library}") from error
