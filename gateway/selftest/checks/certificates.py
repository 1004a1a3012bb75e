"""Are the certificates of the servers good, and do they trust anybody?"""

from __future__ import annotations

from collections.abc import Sequence

import anyio.to_thread

from gateway import registry
from gateway.ports import CertifiedKind
from gateway.selftest.finding import Finding, passed, warned
from gateway.selftest.subject import Subject


async def check(subject: Subject) -> Sequence[Finding]:
    """Look into their folders in a worker thread; nothing is made or changed there."""
    findings: list[Finding] = []
    for name, section in subject.settings.adapters.items():
        kind: object = registry.adapter(name)
        if isinstance(kind, CertifiedKind):
            report = await anyio.to_thread.run_sync(kind.certificates, section, abandon_on_cancel=True)
            findings += [passed(f"{name}: {text}") for text in report.right]
            findings += [warned(f"{name}: {what}", remedy) for what, remedy in report.troubles]
    return findings or [passed("no server of these settings uses certificates")]
