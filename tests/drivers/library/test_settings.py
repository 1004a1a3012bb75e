"""Wrong settings are told with file, line and remedy, and nothing is imported for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings.load import load_settings

RIGHT = """\
site: laboratory
analysers:
  flue:
    driver: library
    steps:
      device: {call: "no_such_library:open_device", arguments: {port: /dev/ttyUSB0}}
      source: {call: "no_such_library:Adapter", arguments: {device: $device, label: $$cheap}}
    record: {call: "no_such_library:record", arguments: {source: $source, rate_hz: $rate_hz}}
    channels:
      CH1: {unit: "%"}
      gas: {kind: text}
adapters:
  opcua: {}
"""


def loaded(tmp_path: Path, old: str = "", new: str = "") -> None:
    assert old in RIGHT
    config = tmp_path / "gateway.yaml"
    config.write_text(RIGHT.replace(old, new, 1))
    load_settings(config)


def test_a_library_that_is_not_here_can_be_checked(tmp_path: Path) -> None:
    loaded(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "$device",
            "$devise",
            "7: analysers.flue.steps.source.arguments.device: there is no step 'devise'; known here",
        ),
        ("$source", "[{a: $later}]", "8: analysers.flue.record.arguments.source: there is no step 'later'"),
        ("$device", "$source", "7: analysers.flue.steps.source.arguments.device: '$source' is the result of this step"),
        ("$device", '"$no such:X"', "7: analysers.flue.steps.source.arguments.device: '$no such:X' names nothing"),
        ("no_such_library:record", "record", "8: analysers.flue.record.call: 'record' names no callable; write it as"),
        ("no_such_library:record", "a:b c", "8: analysers.flue.record.call: 'a:b c' names no callable"),
        ("source: {call", "rate_hz: {call", "7: analysers.flue.steps.rate_hz: a step cannot be called 'rate_hz'"),
        ("CH1: {", "Status: {", "10: analysers.flue.channels.Status: the gateway has points of its own under 'Status'"),
        (
            "kind: text",
            "kind: text, length: 5",
            "11: analysers.flue.channels.gas.length: samples of a block are numbers",
        ),
        ("kind: text", "length: 0", "11: analysers.flue.channels.gas.length: 0 samples cannot be served; write 1 to"),
        ("kind: text", "kind: text, range: [0, 1]", "11: analysers.flue.channels.gas.range: a text has no range"),
        ("kind: text", "stale_after_s: 0", "11: analysers.flue.channels.gas.stale_after_s: it must be more than 0"),
        ("    record:", "    recorded:", "3: analysers.flue has no 'record'; add 'record: ...'"),
    ],
)
def test_problems_have_their_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, old, new)
    texts = [text.partition("gateway.yaml:")[2] for text in caught.value.problems]
    assert [text for text in texts if text.startswith(problem)], texts
