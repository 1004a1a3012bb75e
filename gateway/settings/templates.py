"""Templates: files with the settings of one instrument model, from which any number of analysers begin.

A template says what an analyser entry says, but for the common keys. It is looked for beside the settings file, then
among those that the driver brings along. What the entry says itself counts: keys of mappings one by one, everything
else as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.errors import SettingsError
from gateway.ports import TemplatedDriver
from gateway.settings.document import Document, read_document
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problem, Problems, nearest, split_message

KEY = "template"
"""The key of an analyser entry that names its template."""


def open_template(driver: TemplatedDriver, name: str, document: Document, at: KeyPath) -> Document | None:
    """Read a template; None when it cannot be read, with the reasons reported.

    Args:
        driver: Brings templates along.
        name: As written.
        document: The settings that ask for it.
        at: Where they do.
    """
    beside = Path(document.positions.file).parent / name
    shipped = driver.templates / name
    path = next(filter(_is_file, (beside, shipped)), None)
    if path is None:
        names = sorted(each.name for each in driver.templates.glob("*.yaml"))
        what = f"there is no template '{name}' beside the settings file, nor one of that name that is shipped"
        document.problems.error(at, what, nearest(name, names, what="shipped templates"))
        return None
    try:
        template = read_document(path, {})
    except SettingsError as error:
        for text in error.problems:
            document.problems.error(at, *split_message(text, "correct the template"))
        return None
    if KEY in template.content:
        template.problems.error((KEY,), "a template cannot begin with another one", "remove it")
    return template


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long, or a folder may not be looked into
        return False


def pass_on(problems: Problems, document: Document, at: KeyPath) -> bool:
    """Report what is wrong in a template where it is asked for; returns whether anything is.

    Args:
        problems: Of the template.
        document: The settings that ask for it.
        at: Where they do.
    """
    found: list[Problem] = sorted(dict.fromkeys(problems.errors), key=lambda problem: problem.line)
    for problem in found:
        document.problems.error(at, f"{problems.positions.file}:{problem.line}: {problem.what}", problem.remedy)
    return bool(found)


def merged(template: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """A template with what an entry says itself."""
    result = dict(template)
    for key, value in own.items():
        under = result.get(key)
        result[key] = merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return result
