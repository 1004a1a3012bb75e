"""Are the names that clients will use legal, and is each of them given once?"""

from __future__ import annotations

from collections.abc import Sequence

from gateway import registry
from gateway.errors import SettingsError
from gateway.selftest.finding import Finding, failed, passed
from gateway.selftest.subject import Subject


async def check(subject: Subject) -> Sequence[Finding]:
    """Let every adapter name every point. Whether another server on the network has the same PVs is not looked at."""
    findings: list[Finding] = []
    for name, section in subject.settings.adapters.items():
        try:
            names = [one.name for one in registry.adapter(name).names(subject.site, section)]
        except SettingsError as error:
            findings.extend(failed(problem, "correct the settings") for problem in error.problems)
            continue
        twice = sorted({one for one in names if names.count(one) > 1})
        if twice:
            findings.append(failed(f"{name}: given twice: {', '.join(twice)}", "rename analysers or channels"))
        else:
            longest = max(names, key=len, default="")
            findings.append(passed(f"{name}: {len(names)} names, each given once; the longest is {longest}"))
    return findings
