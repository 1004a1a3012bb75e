"""Is there room, and may this user write, where the gateway keeps files?"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

import anyio.to_thread

from gateway.selftest.finding import Finding, failed, passed, warned
from gateway.selftest.subject import Subject
from gateway.settings.site_settings import GatewaySettings

_LITTLE, _ENOUGH = 10_000_000, 500_000_000
_MEGABYTE = 1_000_000


async def check(subject: Subject) -> Sequence[Finding]:
    """Look at each folder in a worker thread: a network drive may hang."""
    needed = {path if path.is_dir() else path.parent: name for name, path in _paths(subject.settings)}
    findings = [
        await anyio.to_thread.run_sync(_look, path, name, abandon_on_cancel=True) for path, name in needed.items()
    ]
    here = Path.cwd()
    if here not in needed:
        finding = await anyio.to_thread.run_sync(_look, here, "working folder", abandon_on_cancel=True)
        remedy = "nothing is kept here by `run`; `discover` and `capture` write where they are told"
        findings.append(finding if not finding.remedy else warned(finding.text, remedy))
    return findings


def _paths(settings: GatewaySettings) -> Iterator[tuple[str, Path]]:
    """Every file or folder that the settings name for the gateway to keep, with the name of its key."""
    sections = {"": settings} | {f"adapters.{name}.": section for name, section in settings.adapters.items()}
    for prefix, section in sections.items():
        for field in fields(section) if is_dataclass(section) else ():
            value = getattr(section, field.name)
            if isinstance(value, Path):
                yield prefix + field.name, value


def _look(folder: Path, name: str) -> Finding:
    where = f"{name}: {folder}"
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return failed(
            f"{where} cannot be written to: {error.strerror}", "create it, or give this user the right to write"
        )
    room = f"{free / _MEGABYTE:,.0f} MB free".replace(",", " ")
    if free < _LITTLE:
        return failed(f"{where}: only {room}", "make room")
    return (
        warned(f"{where}: only {room}", "make room") if free < _ENOUGH else passed(f"{where} can be written to, {room}")
    )
