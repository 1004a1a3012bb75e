"""Pages are whole: links lead somewhere, generated pages are fresh, and what is named exists."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
import typer
import typer.testing
from asyncua.ua.status_codes import StatusCodes

from gateway import ports, registry
from gateway.cli.command import command
from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import AlarmLimits
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.model.status_codes import STATUS_CODES
from gateway.settings.load import load_settings
from gateway.settings.site_spec import site_spec
from tests.docs.pages import PAGES, ROOT, Page

SVG = "{http://www.w3.org/2000/svg}"
FOREIGN = "docs/how-to/containers.md"  # names files inside the image


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_generated_pages_are_fresh() -> None:
    generate = generator()
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").glob("*.md")}
    assert on_disk == {name: generate.render(name) for name in generate.PAGES}, "run: python docs/generate.py"


@each_page
def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.is_relative_to(ROOT), link
        assert path.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in Page(path).anchors, f"{page.name} links to {link}"


def test_every_page_is_linked_from_the_index() -> None:
    index = Page(ROOT / "docs" / "index.md")
    linked = {(index.path.parent / link.partition("#")[0]).resolve() for link in index.links}
    missing = {page.name for page in PAGES if page.path not in linked} - {"README.md", "docs/index.md"}
    assert not missing


@each_page
def test_titles(page: Page) -> None:
    assert len(re.findall(r"^# ", page.prose, flags=re.MULTILINE)) == 1
    assert page.prose.count("```") == 0, "an unclosed fence"


def test_pictures_are_well_formed_and_described() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("*.svg"))
    assert pictures
    for path in pictures:
        root = ET.parse(path).getroot()
        assert root.tag == f"{SVG}svg"
        assert root.find(f"{SVG}title") is not None
        assert root.find(f"{SVG}desc") is not None
        assert "prefers-color-scheme: dark" in path.read_text()
        assert not [key for element in root.iter() for key in element.attrib if "href" in key]
        ids = {element.get("id") for element in root.iter()}
        assert set(re.findall(r"url\(#(\w+)\)", path.read_text())) <= ids


@cache
def demo_names() -> tuple[set[str], set[str]]:
    """PV names and NodeIds of the demo, without those of inner nodes."""
    settings = load_settings(ROOT / "config" / "demo.yaml")
    site = site_spec(settings)
    pvs, nodes = (
        {one.name for one in registry.adapter(name).names(site, settings.adapters[name])}
        for name in ("epics_ca", "opcua")
    )
    return pvs, nodes


@each_page
def test_what_a_page_names_exists(page: Page) -> None:
    """Files, verbs and their options, make targets, types of ports, StatusCodes, PVs and NodeIds of the demo."""
    pvs, nodes = demo_names()
    verbs = {name.split()[0] for name in verb_names(command)}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    said = " \n".join([*page.code_spans, *(block.text for block in page.blocks if block.language == "console")])
    for path in re.findall(r"(?<![\w/.=\-])((?:gateway|config|tests|docs|bench)/[\w./-]*\w)", said):
        assert page.name == FOREIGN or (ROOT / path).exists(), path
    for verb in re.findall(r"analyser-gateway ([a-z]+(?:-[a-z]+)*)\b", said):
        assert verb in verbs, verb
    for target in re.findall(r"(?:^|\s)make ([a-z]+)\b", said):
        assert target in targets, target
    for name in re.findall(r"\bports\.(\w+)", said):
        assert name == "py" or hasattr(ports, name), name
    for pv in re.findall(r"\bDEMO:[\w:]*\w", said):
        assert pv in pvs, pv
    for node in re.findall(r"ns=2;s=((?:inlet|flue1|flue2|bench)(?:/\w+)*)", said):
        assert any(known.startswith(f"ns=2;s={node}") for known in nodes), node
    statuses = set(STATUS_CODES)
    if page.name in (
        "docs/how-to/actions-opcua.md",
        "docs/how-to/opcua-alarms.md",
        "docs/explanation/opcua-services.md",
    ):
        statuses = set(vars(StatusCodes))  # those of a call, not of a value
    for status in re.findall(r"\b(?:Bad|Uncertain)[A-Z]\w+", page.prose):
        assert status in statuses, status


def test_the_explanation_of_quality_names_every_state_of_a_value() -> None:
    text = Page(ROOT / "docs" / "explanation" / "quality.md").text
    assert {state.value for state in State} - set(re.findall(r"`([a-z-]+)`", text)) == {State.STOPPED.value}


def test_the_first_of_the_states_in_the_explanation_wins() -> None:
    """With everything wrong at once the first one shows; put it right, and the next one does; at last all is good."""
    text = Page(ROOT / "docs" / "explanation" / "quality.md").text
    ladder = re.findall(r"^\d+\. (.*?)(?::|$)", text, flags=re.MULTILINE)
    ranked = [[State(name) for name in re.findall(r"`([a-z-]+)`", line)] for line in ladder]
    spec = ChannelSpec("%", range=(0, 100), limits=AlarmLimits(10, 20, 80, 90), instrument_range=(-10, 110))
    values: dict[int, float | None] = {4: None, 8: 120, 9: 105, 10: 95}
    for rank, states in enumerate(ranked):
        wrong = [number >= rank for number in range(len(ranked) - 1)]
        status = (
            ChannelStatus(
                fault=wrong[2],
                invalid=wrong[3],
                calibrating=wrong[6],
                warming_up=wrong[7],
                alarms=(wrong[11], False, False, False),
                maintenance=wrong[12],
            )
            if rank < len(wrong)
            else ChannelStatus()
        )
        value = next((values[number] for number in values if number >= rank), 50.0)
        unit = "vpm" if rank <= 5 else "%"
        reading = Reading("I1", ChannelKind.MEASURED, "", value, unit, status)
        channel = replace(spec, out_of_service=rank == 0)
        assert state_of(reading, AnalyserStatus(fault=rank <= 1), channel) in states, ladder[rank]


def state_of(reading: Reading, analyser: AnalyserStatus, spec: ChannelSpec) -> State:
    site = build_site("site", [("a", "", DeviceDescription("", "", {"I1": spec}))])
    sample = Sample(
        "a",
        "I1",
        reading,
        ProtocolKind.MODBUS_RTU,
        1,
        datetime(2026, 1, 1, tzinfo=UTC),
        metadata={"analyser": analyser},
    )
    return ChannelProjector(site.groups[0], {"I1": spec}).project([sample]).states[0]


def test_options_named_on_pages_exist() -> None:
    help_text = " ".join(map(_help, verb_names(command)))
    for page in PAGES:
        if page.name == FOREIGN:
            continue
        for block in page.blocks:
            for line in block.text.splitlines() if block.language == "console" else ():
                if line.startswith("$ ") and "analyser-gateway" in line:
                    for option in re.findall(r"(?<= )--[\w-]+", line):
                        assert option in help_text, f"{block.where}: {option}"


def _help(verb: str) -> str:
    return typer.testing.CliRunner().invoke(command, [*verb.split(), "--help"]).output


def verb_names(app: typer.Typer) -> list[str]:
    """`run`, `check`, ... `user add`."""
    names = [verb.name or str(verb.callback and verb.callback.__name__) for verb in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names += [f"{group.typer_instance.info.name} {name}" for name in verb_names(group.typer_instance)]
    return names


def test_the_licence_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"{project['license']} licence." in (ROOT / "README.md").read_text()
    assert Path(ROOT / project["readme"]).exists()
