"""Are Python and the libraries those that the program was made for? It reaches into its server engines."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from gateway.selftest.finding import Finding, failed, passed, skipped
from gateway.selftest.subject import Subject

_DISTRIBUTION = "analyser-gateway"


async def check(_subject: Subject) -> Sequence[Finding]:
    """Compare what is installed with what the distribution asks for."""
    try:
        wanted_python = metadata(_DISTRIBUTION)["Requires-Python"]
        needed = [Requirement(text) for text in requires(_DISTRIBUTION) or ()]
    except PackageNotFoundError:
        return [skipped("the program is not installed as a distribution", "install it with pip")]
    return list(_findings(wanted_python, [each for each in needed if each.marker is None or each.marker.evaluate()]))


def _findings(wanted_python: str | None, needed: Sequence[Requirement]) -> Iterator[Finding]:
    right: list[str] = []
    found = platform.python_version()
    if SpecifierSet(wanted_python or "").contains(found, prereleases=True):
        right.append(f"Python {found}")
    else:
        yield failed(
            f"Python is {found}, {wanted_python} is needed", "make the virtual environment with another Python"
        )
    for requirement in needed:
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = ""
        if found and requirement.specifier.contains(found, prereleases=True):
            right.append(f"{requirement.name} {found}")
        else:
            remedy = f"pip install '{requirement}', best with the project's constraints.txt"
            yield failed(f"{requirement.name} is {found or 'missing'}, {requirement.specifier} is needed", remedy)
    yield passed(", ".join(right))
