"""From plain values to typed settings: one dataclass per section, unknown keys refused, nothing converted silently."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from gateway import registry
from gateway.errors import GatewayError
from gateway.model.bus_spec import BusSpec
from gateway.model.operator import Operator
from gateway.ports import SettingsWithFiles, TemplatedDriver
from gateway.settings import templates
from gateway.settings.document import Document
from gateway.settings.draft import Draft, Entry
from gateway.settings.positions import KeyPath, key_text
from gateway.settings.problems import nearest, split_message
from gateway.settings.site_settings import CommonKeys, FileSections
from gateway.settings.type_faults import Section, report_type_faults

T = TypeVar("T")

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
COMMON_KEYS = tuple(field.name for field in fields(CommonKeys))


@cache
def type_adapter(cls: type[T]) -> TypeAdapter[dict[str, T]]:
    """Validator of sections by name. A standard dataclass takes its configuration only from a type around it."""
    return TypeAdapter(dict[str, cls], config=STRICT)  # type: ignore[valid-type]


def read_draft(document: Document) -> Draft:
    """Type every section of a document; what is wrong goes to its problems."""
    content = document.content
    sections: FileSections | None = _typed(document, Section(FileSections, ()), content)
    site = content.get("site")
    buses = _sections(content.get("buses"))
    analysers = _sections(content.get("analysers"))
    adapters = _sections(content.get("adapters"))
    operators = _sections(content.get("operators", {}))
    return Draft(
        site=site if isinstance(site, str) else None,
        buses=None
        if buses is None
        else {name: _typed(document, Section(BusSpec, ("buses", name)), value) for name, value in buses.items()},
        analysers=None
        if analysers is None
        else {name: _entry(document, ("analysers", name), value) for name, value in analysers.items()},
        adapters=None
        if adapters is None
        else {name: _adapter_options(document, name, value) for name, value in adapters.items()},
        operators=None
        if operators is None
        else {
            name: _typed(document, Section(Operator, ("operators", name)), value) for name, value in operators.items()
        },
        audit_file=sections.audit_file if sections is not None else None,
        users_file=beside(document.positions.file, sections.users_file) if sections is not None else None,
    )


def beside(settings_file: str, path: Path | None) -> Path | None:
    """A path of the settings as it is seen from here; an empty one, which is wrong, stays as it is."""
    return path if path is None or not path.name else Path(settings_file).parent / path


def _sections(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _typed(document: Document, section: Section, value: object) -> Any:  # noqa: ANN401  an instance of section.cls
    """An instance of the section's dataclass, or None with the reasons reported.

    JSON is the strict reading that still takes a list for a tuple and a text for an enumeration.
    """
    try:
        return type_adapter(section.cls).validate_json(json.dumps({"": value}))[""]
    except ValidationError as error:
        report_type_faults(error, document, section)
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _entry(document: Document, path: KeyPath, value: object) -> Entry:
    if not isinstance(value, dict):
        return Entry(None, None, None, None)
    name = _text(value.get("driver"))
    cls = _driver_settings(document, path, name)
    known = (*COMMON_KEYS, *(field.name for field in fields(cls))) if cls else ()
    common = {key: item for key, item in value.items() if key in COMMON_KEYS}
    special = {key: item for key, item in value.items() if key not in COMMON_KEYS}
    return Entry(
        driver=name,
        bus=_text(value.get("bus", "")),
        common=_typed(document, Section(CommonKeys, path), common),
        options=_driver_options(document, Section(cls, path, known), name, special) if cls and name else None,
    )


def _driver_options(document: Document, section: Section, name: str, own: dict[str, object]) -> object | None:
    """An instance of the driver's settings, with the template that they may begin with."""
    driver, wanted = registry.driver(name), own.get(templates.KEY)
    if isinstance(driver, TemplatedDriver) and isinstance(wanted, str) and wanted:
        at = (*section.path, templates.KEY)
        template = templates.open_template(driver, wanted, document, at)
        if template is None:
            return None
        options = _typed(template, Section(section.cls, ()), template.content)
        protocol = min(driver.protocols)  # any of them: a template knows no bus, and the whole entry is checked later
        for inner, message in driver.check(options, protocol) if options is not None else ():
            what, remedy = split_message(message, "")
            template.problems.error(inner, f"{key_text(inner)}: {what}", remedy)
        if templates.pass_on(template.problems, document, at):
            return None
        own = templates.merged(template.content, own)
    return _located(document, _typed(document, section, own))


def _driver_settings(document: Document, path: KeyPath, name: str | None) -> type | None:
    if name is None:
        return None
    try:
        return registry.driver(name).settings
    except KeyError:
        remedy = nearest(name, registry.driver_names(), what="drivers")
        document.problems.error(
            (*path, "driver"), f"{path[0]}.{path[1]} asks for a driver '{name}' that is not known", remedy
        )
    except GatewayError as error:
        document.problems.error((*path, "driver"), error.what, error.hint)
    return None


def _adapter_options(document: Document, name: str, value: object) -> object | None:
    path = ("adapters", name)
    try:
        kind = registry.adapter(name)
    except KeyError:
        remedy = nearest(name, registry.adapter_names(), what="adapters")
        document.problems.error(path, f"adapters has an unknown section '{name}'", remedy)
        return None
    except GatewayError as error:
        document.problems.error(path, error.what, error.hint)
        return None
    return _located(document, _typed(document, Section(kind.settings, path), {} if value is None else value))


def _located(document: Document, options: object | None) -> object | None:
    """Settings whose relative paths begin in the folder of the settings file."""
    if isinstance(options, SettingsWithFiles):
        return options.beside(Path(document.positions.file).parent)
    return options
