"""Another program's decoder reads every message that the gateway and node-opcua have exchanged without security."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance.conftest import Record
from tests.conformance.packet_capture import OPCUA_PORT, write_capture

pytestmark = pytest.mark.timeout(400)  # the first one waits for all checks

SERVICES = {
    "GetEndpoints": (428, 431),
    "CreateSession": (461, 464),
    "ActivateSession": (467, 470),
    "Browse": (527, 530),
    "BrowseNext": (533, 536),
    "TranslateBrowsePathsToNodeIds": (554, 557),
    "Read": (631, 634),
    "Write": (673, 676),
    "Call": (712, 715),
    "CreateMonitoredItems": (751, 754),
    "SetTriggering": (775, 778),
    "CreateSubscription": (787, 790),
    "ModifySubscription": (793, 796),
    "Publish": (826, 829),
    "Republish": (832, 835),
    "TransferSubscriptions": (841, 844),
}
"""Binary encodings of requests and responses (OPC 10000-6 annex A)."""

MANY = 1000


@pytest.fixture(scope="session")
def capture(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run as a file of packets."""
    path = tmp_path_factory.mktemp("packets") / "conformance.pcap"
    write_capture(path, record.passed)
    return path


def _dissect(tshark: str, capture: Path, keep: str, *fields: str) -> list[list[str]]:
    """Fields of every packet that the filter keeps; several of one kind are separated by commas."""
    wanted = [part for field in fields for part in ("-e", field)]
    command = [tshark, "-r", str(capture), "-Y", keep, "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, check=True, timeout=100, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_every_kind_of_message_is_recognised(capture: Path, program: Callable[[str], str]) -> None:
    packets = _dissect(program("tshark"), capture, "opcua", "opcua.transport.type", "opcua.servicenodeid.numeric")
    assert len(packets) > MANY
    services = Counter(number for _, numbers in packets for number in numbers.split(",") if number)
    missing = {name for name, pair in SERVICES.items() if not all(services[str(number)] for number in pair)}
    assert missing == set()
    assert {kind for kinds, _ in packets for kind in kinds.split(",")} == {"HEL", "ACK", "OPN", "MSG", "CLO"}


def test_nothing_is_malformed(capture: Path, program: Callable[[str], str]) -> None:
    faults = f"_ws.malformed || (tcp.srcport == {OPCUA_PORT} && _ws.expert.severity == error)"
    fields = "frame.number", "opcua.servicenodeid.numeric", "_ws.expert.message"
    assert _dissect(program("tshark"), capture, faults, *fields) == []


def test_the_dissector_notices_damage(record: Record, program: Callable[[str], str], tmp_path: Path) -> None:
    """Or the other tests could not fail."""
    damaged = []
    for piece in record.passed[:500]:
        data = piece.data
        if not piece.from_client and data.startswith(b"MSGF"):
            data = data[:60] + (b"\xff\xff\xff\x7f" * len(data))[: max(0, len(data) - 60)]
        damaged.append(replace(piece, data=data))
    path = tmp_path / "damaged.pcap"
    write_capture(path, damaged)
    assert _dissect(program("tshark"), path, "_ws.malformed", "frame.number")
