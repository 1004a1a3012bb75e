"""Every check of node-opcua against every endpoint, one test each."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Verdicts
from tests.conformance.judge import ENDPOINTS, Endpoint, checks_of

pytestmark = pytest.mark.timeout(240)  # the first one waits for all

CASES = [
    pytest.param(endpoint, name, id=f"{endpoint.name}: {name}")
    for endpoint in ENDPOINTS
    for name in checks_of(endpoint)
]


@pytest.mark.parametrize(("endpoint", "name"), CASES)
def test_check(verdicts: Verdicts, endpoint: Endpoint, name: str) -> None:
    outcome = verdicts[endpoint].get(name)
    assert outcome is not None, "node-opcua did not get so far"
    assert outcome.error is None, outcome.error


def test_there_are_no_other_checks(verdicts: Verdicts) -> None:
    assert {endpoint: set(outcomes) for endpoint, outcomes in verdicts.items()} == {
        endpoint: set(checks_of(endpoint)) for endpoint in ENDPOINTS
    }
