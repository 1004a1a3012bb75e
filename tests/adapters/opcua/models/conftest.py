"""The official NodeSet2 files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.model.points import SiteSpec
from tests.adapters.opcua.models.model_site import model_site
from tests.adapters.opcua.models.official import OfficialNodes
from tests.node_packages import install

_PACKAGE = Path(__file__).parents[3] / "nodesets"


@pytest.fixture(scope="session")
def nodeset_folder(program: Callable[[str], str]) -> Path:
    """Folder of the npm package with the official files."""
    install(program("npm"), _PACKAGE)
    return _PACKAGE / "node_modules" / "node-opcua-nodesets" / "nodesets"


@pytest.fixture(scope="session")
def official(nodeset_folder: Path) -> OfficialNodes:
    return OfficialNodes(nodeset_folder)


@pytest.fixture
def site() -> SiteSpec:
    """An analyser of PA-DIM and one of ADI, in the place of the plain ones."""
    return model_site()
