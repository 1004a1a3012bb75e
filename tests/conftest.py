"""Rules that hold for every test: one event loop engine, no leaked task, loopback only."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
from collections.abc import AsyncIterator, Callable

import pytest
import sniffio
from blockbuster import blockbuster_ctx

from tests.clients.node_client import NODE_FOLDER, NodeClient
from tests.node_packages import install
from tests.ports import free_port

os.environ.update(
    EPICS_CA_AUTO_ADDR_LIST="NO",
    EPICS_CA_ADDR_LIST="127.0.0.1",
    EPICS_CAS_INTF_ADDR_LIST="127.0.0.1",
    EPICS_CAS_AUTO_BEACON_ADDR_LIST="NO",
    EPICS_CAS_BEACON_ADDR_LIST="127.0.0.1",
    EPICS_PVA_AUTO_ADDR_LIST="NO",
    EPICS_PVA_ADDR_LIST="127.0.0.1",
    EPICS_PVAS_INTF_ADDR_LIST="127.0.0.1",
    EPICS_PVAS_AUTO_BEACON_ADDR_LIST="NO",
    EPICS_PVAS_BEACON_ADDR_LIST="127.0.0.1",
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task of its own running, or whose code blocks the event loop.

    Files may be touched: ports, terminals and settings are opened that way, once and quickly.
    """
    if sniffio.current_async_library() != "asyncio":
        yield
        return
    before = asyncio.all_tasks()
    with blockbuster_ctx("gateway") as watch:
        for name, function in watch.functions.items():
            if name.startswith(("os.", "io.", "builtins.")):
                function.deactivate()
        yield
    left = [
        task
        for task in asyncio.all_tasks() - before
        if not task.done() and not getattr(task.get_coro(), "__qualname__", "").startswith("TestRunner.")
    ]
    assert not left, f"left running: {left}"


@pytest.fixture(autouse=True)
def watch_tasks(request: pytest.FixtureRequest) -> None:
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("no_task_left")


@pytest.fixture
def unused_port() -> int:
    """A port on loopback that nobody listens on."""
    return free_port()


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Path of a program that is no Python package; a test that needs it is skipped without it, but never in CI."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("CI"):
            pytest.fail(f"{name} must be installed in CI")
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find


@pytest.fixture(scope="session")
def node_client(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> NodeClient:
    program("node")
    install(program("npm"), NODE_FOLDER)
    return NodeClient(tmp_path_factory.mktemp("node-home"))
