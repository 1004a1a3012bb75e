"""Do the settings load, and does what they ask of each bus fit on its wire?"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.selftest.finding import Finding, passed, warned
from gateway.selftest.subject import Subject
from gateway.settings.load import check_settings


async def check(subject: Subject) -> Sequence[Finding]:
    """Sizes, warnings and time budgets; errors have kept the self-test from starting."""
    report = check_settings(subject.settings)
    points = sum(len(device.points) for device in subject.site.devices)
    counts = ((len(subject.analysers), "analyser"), (len(subject.buses), "bus"), (points, "point"))
    sizes = ", ".join(f"{number} {name if number == 1 else _plural(name)}" for number, name in counts)
    loads = ", ".join(f"{budget.bus} {budget.load:.0%}" for budget in report.budgets)
    warnings = (warning.partition("; ") for warning in report.warnings)
    return [
        passed(f"{subject.config}: {sizes}"),
        passed(f"time asked of the buses: {loads}"),
        *(warned(what, remedy) for what, _, remedy in warnings),
    ]


def _plural(name: str) -> str:
    return f"{name}es" if name.endswith("s") else f"{name}s"
