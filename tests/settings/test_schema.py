from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gateway.settings.document import read_document
from gateway.settings.schema import json_schema

GOOD = Path(__file__).parent / "good"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def content(name: str, **environ: str) -> dict[str, Any]:
    return read_document(GOOD / name, environ).content


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda path: path.stem)
def test_good_files_pass(validator: Draft202012Validator, path: Path):
    validator.validate(content(path.name))


def at(document: Any, *path: str) -> Any:
    for key in path:
        document = document[key]
    return document


CHANNEL = ("analysers", "stack1", "channels", "I1")


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("sit",), "x"),
        (("buses", "stack-line", "lnk"), "/dev/ttyUSB0"),
        (("buses", "1st"), {"link": "COM1", "protocol": "modbus-rtu"}),
        (("buses", "stack-line", "protocol"), "profibus"),
        (("buses", "stack-line", "baudrate"), "fast"),
        (("buses", "stack-line", "stopbits"), 3),
        (("analysers", "stack1", "adress"), 30),
        (("analysers", "stack1", "driver"), "servomex"),
        (("analysers", "stack1", "rate_hz"), "fast"),
        ((*CHANNEL, "unti"), "%"),
        ((*CHANNEL, "range"), [0, 1, 2]),
        ((*CHANNEL, "range"), [0]),
        ((*CHANNEL, "limits", "lo"), 1),
        ((*CHANNEL, "out_of_service"), "no"),
        (("analysers", "stack1", "quality"), {"calibratin": "Bad"}),
        (("analysers", "stack1", "quality"), {"good": "Bad"}),
        (("analysers", "stack1", "quality"), {"calibrating": "Worse"}),
        (("analysers", "stack1", "quality"), {"calibrating": {"status": "Worse"}}),
        (("analysers", "stack1", "quality"), {"calibrating": {"severity": "MILD"}}),
        (("adapters", "opcua", "prot"), 4840),
        (("adapters", "opc_ua"), {}),
        (("analysers",), {}),
    ],
)
def test_what_the_gateway_refuses_the_editor_marks(
    validator: Draft202012Validator, where: tuple[str, ...], value: object
):
    document = copy.deepcopy(content("demo.yaml"))
    at(document, *where[:-1])[where[-1]] = value
    assert not validator.is_valid(document)


@pytest.mark.parametrize("where", [("site",), ("buses", "stack-line", "link"), ("analysers", "stack1", "driver")])
def test_a_missing_key_is_marked(validator: Draft202012Validator, where: tuple[str, ...]):
    document = copy.deepcopy(content("demo.yaml"))
    del at(document, *where[:-1])[where[-1]]
    assert not validator.is_valid(document)


@pytest.mark.parametrize(
    "where",
    [
        ("site",),
        ("buses", "stack-line", "baudrate"),
        ("buses", "stack-line", "protocol"),
        ("buses", "stack-line", "stopbits"),
        ("analysers", "stack1", "rate_hz"),
        ("analysers", "stack1", "stale_after_s"),
        ("adapters", "opcua", "port"),
        (*CHANNEL, "precision"),
    ],
)
def test_a_variable_may_stand_for_any_value(validator: Draft202012Validator, where: tuple[str, ...]):
    document = copy.deepcopy(content("demo.yaml"))
    at(document, *where[:-1])[where[-1]] = "${VALUE:-1}"
    validator.validate(document)


def properties(schema: object) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        return [found for item in schema for found in properties(item)]
    if not isinstance(schema, dict):
        return []
    own = [item for key, item in schema.items() if key == "properties"]
    return [pair for group in own for pair in group.items()] + [
        found for key, item in schema.items() if key != "if" for found in properties(item)
    ]


def test_every_key_tells_what_it_means():
    silent = {name for name, schema in properties(json_schema()["$defs"]) if "description" not in schema}
    assert silent <= {"low_low", "low", "high", "high_high"}


def test_nothing_but_json_is_in_it():
    assert json.loads(json.dumps(json_schema())) == json_schema()
