"""JSON Schema of the settings file, so that editors complete keys and show what they mean.

It is built from the same dataclasses as the validator, with the drivers and adapters that are registered.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from gateway import registry
from gateway.model.bus_spec import BusSpec
from gateway.model.operator import Operator
from gateway.model.quality_overrides import OVERRIDABLE
from gateway.model.status_codes import STATUS_CODES
from gateway.model.user import NAME_PATTERN as USER_NAME_PATTERN
from gateway.settings.checks import NAME_PATTERN
from gateway.settings.field_notes import notes_in, summary_of
from gateway.settings.reading import type_adapter
from gateway.settings.site_settings import CommonKeys, FileSections

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_NAME = f"^{NAME_PATTERN}$"
_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{"}
"""A value from the environment is a text to the editor, whatever it becomes."""


def json_schema() -> Schema:
    """The schema of the whole file, draft 2020-12."""
    definitions: Schema = {}
    bus = _section(BusSpec, "bus", definitions)
    analyser = _analyser(definitions)
    adapters: Schema = {}
    for name in registry.adapter_names():
        section = _section(registry.adapter(name).settings, f"adapter.{name}", definitions)
        adapters[name] = {"anyOf": [section, {"type": "null"}]}
    operator = _section(Operator, "operator", definitions)
    notes = notes_in(FileSections.__doc__)
    return {
        "$schema": DIALECT,
        "title": "Analyser gateway",
        "description": summary_of(FileSections.__doc__),
        "type": "object",
        "additionalProperties": False,
        "required": [
            one.name for one in fields(FileSections) if one.default is MISSING and one.default_factory is MISSING
        ],
        "patternProperties": {"^x-": {"description": "Ignored; a place for anchors."}},
        "properties": {
            "site": {"type": "string", "anyOf": [{"pattern": _NAME}, _REFERENCE], "description": notes["site"]},
            "buses": _named(bus, notes["buses"]),
            "analysers": _named(analyser, notes["analysers"]),
            "adapters": {
                "type": "object",
                "description": notes["adapters"],
                "minProperties": 1,
                "additionalProperties": False,
                "properties": adapters,
            },
            "operators": {
                "type": "object",
                "description": notes["operators"],
                "propertyNames": {"pattern": f"^{USER_NAME_PATTERN}$"},
                "additionalProperties": operator,
            },
            "users_file": {"type": "string", "minLength": 1, "description": notes["users_file"]},
            "audit_file": {"type": "string", "minLength": 1, "description": notes["audit_file"]},
        },
        "$defs": definitions,
    }


def _named(members: Schema, note: str) -> Schema:
    return {
        "type": "object",
        "description": note,
        "minProperties": 1,
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": members,
    }


def _analyser(definitions: Schema) -> Schema:
    """Per driver, the common keys with its own: `if` the driver is that one, `then` these keys and no others."""
    common: Schema = _definition(_section(CommonKeys, "analyser", definitions), definitions)
    _name_qualities(common["properties"]["quality"], definitions)
    names = registry.driver_names()
    driver = {"enum": [*names], "description": notes_in(CommonKeys.__doc__)["driver"]}
    cases: list[Schema] = []
    for name in names:
        reference = _section(registry.driver(name).settings, f"driver.{name}", definitions)
        own = _definition(reference, definitions)
        own["properties"] = common["properties"] | {"driver": driver} | own["properties"]
        own["required"] = [*common["required"], *own.get("required", [])]
        cases.append({"if": {"properties": {"driver": {"const": name}}, "required": ["driver"]}, "then": reference})
    return {
        "type": "object",
        "description": common["description"],
        "properties": {"driver": driver},
        "required": common["required"],
        "allOf": cases,
    }


def _name_qualities(quality: Schema, definitions: Schema) -> None:
    """List states and StatusCodes, which are any text to the validator so that it can say which one was meant."""
    definitions["analyser.StatusCode"] = {"anyOf": [{"enum": [*STATUS_CODES]}, _REFERENCE]}
    reference = {"$ref": "#/$defs/analyser.StatusCode"}
    quality["propertyNames"] = {"enum": [state.value for state in OVERRIDABLE]}
    quality["additionalProperties"]["oneOf"][0] = reference
    definitions["analyser.QualityOverride"]["properties"]["status"]["anyOf"][0] = reference


def _definition(reference: Schema, definitions: Schema) -> Schema:
    definition: Schema = definitions[reference["$ref"].rpartition("/")[2]]
    return definition


def _section(cls: type, prefix: str, definitions: Schema) -> Schema:
    """A reference to the schema of a dataclass; it and all it leads to are added to the definitions."""
    schema = type_adapter(cls).json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")
    for name, definition in schema["$defs"].items():
        definitions[f"{prefix}.{name}"] = _described(definition)
    reference: Schema = schema["additionalProperties"]
    return reference


def _described(definition: Schema) -> Schema:
    """A definition whose docstring has become the descriptions of its keys."""
    docstring = definition.get("description", "")
    notes = notes_in(docstring)
    result = _with_references(definition) | {"description": summary_of(docstring)}
    for key, schema in result.get("properties", {}).items():
        if key in notes:
            schema["description"] = notes[key]
    return result


def _with_references(schema: Schema) -> Schema:
    """Without generated titles, and with `${NAME}` allowed wherever something else than text is wanted."""
    result = {key: _inner(key, value) for key, value in schema.items() if key != "title"}
    if "enum" not in result and "const" not in result and result.get("type") not in ("integer", "number", "boolean"):
        return result
    outside = {key: result.pop(key) for key in ("default", "description") if key in result}
    return outside | {"anyOf": [result, _REFERENCE]}


def _inner(key: str, value: Any) -> Any:  # noqa: ANN401  any JSON
    match key, value:
        case "properties", dict():
            return {name: _with_references(schema) for name, schema in value.items()}
        case (("anyOf" | "oneOf" | "allOf" | "prefixItems"), list()):
            return [_with_references(schema) for schema in value]
        case (("items" | "additionalProperties"), dict()):
            return _with_references(value)
    return value
