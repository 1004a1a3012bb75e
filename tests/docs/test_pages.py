"""Pages are whole: links lead somewhere, generated pages are fresh, and what is named exists."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from functools import cache
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
import typer.testing

from gateway import ports, registry
from gateway.cli.command import command
from gateway.model.quality import QUALITY, Severity, State
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
    verbs = {str(verb.callback and verb.callback.__name__) for verb in command.registered_commands}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    said = " \n".join([*page.code_spans, *(block.text for block in page.blocks if block.language == "console")])
    for path in re.findall(r"(?<![\w/.=\-])((?:gateway|config|tests|docs|bench)/[\w./-]*\w)", said):
        assert page.name == FOREIGN or (ROOT / path).exists(), path
    for verb in re.findall(r"analyser-gateway ([a-z]+)\b", said):
        assert verb in verbs, verb
    for target in re.findall(r"(?:^|\s)make ([a-z]+)\b", said):
        assert target in targets, target
    for name in re.findall(r"\bports\.(\w+)", said):
        assert name == "py" or hasattr(ports, name), name
    for pv in re.findall(r"\bDEMO:[\w:]*\w", said):
        assert pv in pvs, pv
    for node in re.findall(r"ns=2;s=((?:inlet|flue1|flue2|bench)(?:/\w+)*)", said):
        assert any(known.startswith(f"ns=2;s={node}") for known in nodes), node
    statuses = {quality.status_name for quality in QUALITY.values()}
    for status in re.findall(r"\b(?:Bad|Uncertain)[A-Z]\w+", page.prose):
        assert status in statuses, status


def test_the_explanation_of_quality_names_every_state_of_a_value() -> None:
    text = Page(ROOT / "docs" / "explanation" / "quality.md").text
    assert {state.value for state in State} - set(re.findall(r"`([a-z-]+)`", text)) == {State.STOPPED.value}
    order = re.findall(r"^\d+\. (.*?)(?::|$)", text, flags=re.MULTILINE)
    ranked = [State(name) for line in order for name in re.findall(r"`([a-z-]+)`", line)]
    assert ranked[-1] is State.GOOD
    assert ranked[0] is State.ANALYSER_FAULT
    assert all(QUALITY[state].severity < Severity.INVALID for state in ranked[5:])


def test_options_named_on_pages_exist() -> None:
    help_text = " ".join(_help(str(verb.callback and verb.callback.__name__)) for verb in command.registered_commands)
    for page in PAGES:
        if page.name == FOREIGN:
            continue
        for block in page.blocks:
            for line in block.text.splitlines() if block.language == "console" else ():
                if line.startswith("$ ") and "analyser-gateway" in line:
                    for option in re.findall(r"(?<= )--[\w-]+", line):
                        assert option in help_text, f"{block.where}: {option}"


def _help(verb: str) -> str:
    return typer.testing.CliRunner().invoke(command, [verb, "--help"]).output


def test_the_licence_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"{project['license']} licence." in (ROOT / "README.md").read_text()
    assert Path(ROOT / project["readme"]).exists()
