"""The driver of a page is a distribution of its own, found by its entry point and by nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.docs.pages import ROOT, Page
from tests.docs.shell import Shell

PAGE = Page(ROOT / "docs" / "how-to" / "write-a-driver.md")
LOCAL_PAGE = Page(ROOT / "docs" / "how-to" / "write-a-local-driver.md")


def install(page: Page, folder: Path) -> None:
    """What an installer leaves behind: the package, and its metadata beside it."""
    files = {block.title: block.text for block in page.blocks if block.title}
    project = tomllib.loads(files["pyproject.toml"])["project"]
    package = folder / project["name"] / "__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text(files[f"{project['name']}/__init__.py"])
    metadata = folder / f"{project['name']}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines: list[str] = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")


def test_the_driver_of_the_page_serves_values(tmp_path: Path) -> None:
    install(PAGE, tmp_path / "site-packages")
    shell = Shell(tmp_path / "reader", python_path=(tmp_path / "site-packages",))
    try:
        shell.read_aloud(PAGE)
        wrong = 'sed "s/address: 7/address: 700/" cellar.yaml > wrong.yaml; analyser-gateway check wrong.yaml'
        message = "wrong.yaml:5: analysers.cellar.address: 700 is no Modbus address; give 1 to 247"
        shell.type(wrong, [message], exit_code=2)
    finally:
        shell.close()


def test_the_driver_without_a_bus_serves_values(tmp_path: Path) -> None:
    install(LOCAL_PAGE, tmp_path / "site-packages")
    shell = Shell(tmp_path / "reader", python_path=(tmp_path / "site-packages",))
    try:
        shell.read_aloud(LOCAL_PAGE)
        wrong = 'sed "s/Load1:/Load2:/" host.yaml > wrong.yaml; analyser-gateway check wrong.yaml'
        message = "wrong.yaml:7: analysers.host.channels.Load2: there is no 'Load2'; there are Load1, Load5, Load15"
        shell.type(wrong, [message], exit_code=2)
    finally:
        shell.close()


def test_without_its_distribution_the_driver_is_not_known(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "reader")
    for block in PAGE.blocks:
        if block.title == "cellar.yaml":
            shell.write(block.title, block.text)
    what = "analysers.cellar asks for a driver 'hygrometer' that is not known"
    message = f"cellar.yaml:5: {what}; the drivers are daq, library, modbus_table, servomex4100"
    shell.type("analyser-gateway check cellar.yaml", [message], exit_code=2)
