"""Whatever stands in the file, the answer is settings or a list of problems, never another exception."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import SettingsError
from gateway.settings.load import check_settings, load_settings
from gateway.settings.substitution import SubstitutionError, substitute

WORDS = """
site buses analysers adapters line1 stack1 opcua epics_ca x-a link protocol baudrate bytesize parity attempts timeout_s
idle_gap_ms turnaround_ms driver bus rate_hz stale_after_s address frame_interval_s channels I1 E1 unit range precision
limits low high port host name prefix interfaces max_name_length << operators password hosts actions audit_file
"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["modbus-rtu", "continuous", "modbus-tcp", "servomex4100", "line1", "/dev/ttyS0", "socket://h:1"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, 0.5, 19200, 1e-300, 1e300])
BUS = st.fixed_dictionaries(
    {
        "link": st.sampled_from(["/dev/ttyS0", "socket://h:1", "rfc2217://h:1"]),
        "protocol": st.sampled_from(["continuous", "modbus-rtu", "modbus-ascii", "modbus-tcp"]),
    },
    optional=dict.fromkeys(["baudrate", "attempts", "timeout_s", "idle_gap_ms", "turnaround_ms"], NUMBERS),
)
CHANNEL = st.fixed_dictionaries(
    {"unit": st.text(max_size=4)},
    optional={
        "range": st.lists(NUMBERS, min_size=2, max_size=2),
        "precision": st.integers(),
        "limits": st.dictionaries(st.sampled_from(["low_low", "low", "high", "high_high"]), NUMBERS),
    },
)
OPERATORS = st.lists(st.sampled_from(["alice", "bob", "", "a b"]), max_size=2)
OPERATOR = st.fixed_dictionaries(
    {},
    optional={
        "password": st.none() | st.text(max_size=4) | st.just("${PASSWORD}"),
        "hosts": st.lists(st.sampled_from(["10.0.0.1", "10.0.0.1/8", "::/0", "x"]) | st.text(max_size=4), max_size=2),
    },
)
ANALYSER = st.fixed_dictionaries(
    {"driver": st.just("servomex4100"), "bus": st.just("line1")},
    optional={
        "channels": st.dictionaries(st.sampled_from(["I1", "I2", "D1", "E1", "X"]), CHANNEL),
        "actions": st.dictionaries(st.sampled_from(["StartAutocalibration", "ClearLeftovers", "X"]), OPERATORS),
        **dict.fromkeys(["rate_hz", "stale_after_s", "address", "frame_interval_s"], NUMBERS),
    },
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {
        "site": st.just("s") | st.text(max_size=3),
        "buses": st.fixed_dictionaries({"line1": BUS}, optional={"line2": BUS}),
        "analysers": st.fixed_dictionaries({"a": ANALYSER}, optional={"b": ANALYSER}),
        "adapters": st.fixed_dictionaries({}, optional={"opcua": st.none(), "epics_ca": st.just({"port": 4840})}),
    },
    optional={
        "operators": st.dictionaries(st.sampled_from(["alice", "bob", "a b"]), OPERATOR),
        "audit_file": st.none() | st.text(max_size=4),
    },
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "f.yaml"


def problems_of(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    try:
        check_settings(load_settings(path, environ={}))
    except SettingsError as error:
        return error.problems
    return []


def answer(path: Path, content: bytes) -> None:
    for problem in problems_of(path, content):
        assert problem.startswith(f"{path}:")
        assert "\n" not in problem


@given(content=st.dictionaries(KEYS, VALUES, max_size=6) | VALUES)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_structure_is_answered(file: Path, content: object):
    answer(file, json.dumps(content).encode())


@given(content=NEARLY_RIGHT)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_nearly_right_settings_are_answered(file: Path, content: object):
    answer(file, json.dumps(content).encode())


@given(content=st.binary(max_size=60) | st.text("a:- \n\t&*!|>{}[]'\"<#%$?,", max_size=40).map(str.encode))
@settings(deadline=None)
def test_any_bytes_are_answered(file: Path, content: bytes):
    answer(file, content)


@given(text=st.text())
def test_an_escaped_text_comes_back(text: str):
    assert substitute(text.replace("${", "$${"), {}).text.replace("$${", "${") == text.replace("$${", "${")


@given(
    name=st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True), value=st.text(), around=st.text("ab ", max_size=4)
)
def test_a_variable_is_put_in_as_it_is(name: str, value: str, around: str):
    assert substitute(f"{around}${{{name}}}{around}", {name: value}).text == around + value + around
    with pytest.raises(SubstitutionError, match=name):
        substitute(f"${{{name}}}", {})
