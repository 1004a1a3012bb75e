"""Simulated sites for the self-test, and its page without what differs from run to run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.selftest.finding import Outcome, Section
from gateway.selftest.runner import SelfTest
from gateway.selftest.subject import Subject
from gateway.selftest.table import CHECKS
from gateway.settings.load import load_settings
from gateway.streaming.clock import SystemClock
from tests.open_server import OPEN

WIRE_CHECKS = CHECKS[1:7]
"""Those that look at wires and analysers."""


def write_settings(path: Path, buses: dict[str, Any], analysers: dict[str, Any], **more: Any) -> Path:
    """A settings file; analysers get their driver."""
    settings = {
        "site": "shop",
        "buses": buses,
        "analysers": {name: {"driver": "servomex4100"} | entry for name, entry in analysers.items()},
        "adapters": {"opcua": OPEN | {"port": 0}, "epics_ca": {"interfaces": ["127.0.0.1"], "port": 0}},
    }
    path.write_text(json.dumps(settings | more, indent=2))  # JSON is YAML, and keeps the order
    return path


async def wire_checks(config: Path, patience_s: float = 20.0) -> Sequence[Section]:
    """Run the checks of wires and analysers."""
    subject = Subject(config, load_settings(config), SystemClock(), patience_s, lambda _text: None)
    test = SelfTest(subject, WIRE_CHECKS)
    await test.run()
    return test.sections


def normalised(text: str, **places: str) -> str:
    """The page with links by name, and without moments, durations and what depends on the machine."""
    for name, place in places.items():
        text = text.replace(place, f"<{name}>")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<moment>", text)
    return re.sub(r"within \d+ (ms|s)\b", r"within <n> \1", text)


def shown(sections: Sequence[Section], **places: str) -> str:
    """The findings as lines, unwrapped: the layout of the page is tested once, in test_selftest.py."""
    lines = []
    for section in sections:
        lines.append(section.title)
        lines += [
            f"  {finding.outcome.value}: {finding.text}" + (f" -> {finding.remedy}" if finding.remedy else "")
            for finding in section.findings
        ]
    return normalised("\n".join(lines) + "\n", **places)


def outcomes(sections: Sequence[Section], title: str) -> list[Outcome]:
    """Outcomes of one section."""
    return [finding.outcome for section in sections if section.title == title for finding in section.findings]
