"""Every check of node-opcua against every endpoint, one test each."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Record
from tests.conformance.judge import ENDPOINTS, Endpoint, checks_of

pytestmark = pytest.mark.timeout(400)  # the first one waits for all

CASES = [
    pytest.param(endpoint, name, id=f"{endpoint.name}: {name}")
    for endpoint in ENDPOINTS
    for name in checks_of(endpoint)
]


@pytest.mark.parametrize(("endpoint", "name"), CASES)
def test_check(record: Record, endpoint: Endpoint, name: str) -> None:
    outcome = record.verdicts[endpoint].get(name)
    assert outcome is not None, f"node-opcua did not get so far: {record.logs[endpoint].read_text()[-2000:]}"
    assert outcome.error is None, outcome.error


def test_there_are_no_other_checks(record: Record) -> None:
    assert {endpoint: set(outcomes) for endpoint, outcomes in record.verdicts.items()} == {
        endpoint: set(checks_of(endpoint)) for endpoint in ENDPOINTS
    }


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_everything_that_came_was_legible(record: Record, endpoint: Endpoint) -> None:
    """The library goes on where a structure has another size than it says, but it complains."""
    assert [line for line in record.logs[endpoint].read_text().splitlines() if "ecod" in line] == []
