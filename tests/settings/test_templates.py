"""Templates: where they are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import registry
from gateway.ports import TemplatedDriver
from gateway.settings.document import read_document
from gateway.settings.templates import open_template


@pytest.mark.parametrize("name", ["m" * 300 + ".yaml", "site.yaml/m1.yaml", "..", "m1.yaml"])
def test_a_name_that_is_no_file_is_a_problem_of_the_settings(name: str, tmp_path: Path):
    (tmp_path / "site.yaml").write_text("site: works\n")
    settings = read_document(tmp_path / "site.yaml", {})
    driver = registry.driver("modbus_table")
    assert isinstance(driver, TemplatedDriver)
    assert open_template(driver, name, settings, ("site",)) is None
    (problem,) = settings.problems.errors
    assert problem.what.startswith(f"there is no template '{name}'")
    assert "eastron-sdm630.yaml" in problem.remedy
