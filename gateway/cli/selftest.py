"""`analyser-gateway selftest`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TextIO

import anyio

from gateway.cli.signals import run_until_signal
from gateway.selftest.finding import Outcome
from gateway.selftest.page import count, page
from gateway.selftest.runner import SelfTest
from gateway.selftest.subject import Subject
from gateway.settings.load import load_settings
from gateway.streaming.clock import SystemClock

_ERASE_LINE = "\r\033[K"
_PROGRESS_WIDTH = 78


def run_selftest(config: Path, patience_s: float, out: TextIO, terminal: TextIO) -> bool:
    """Run every check and write one page.

    Args:
        config: Settings to test.
        patience_s: Longest wait for one analyser.
        out: Where the page goes.
        terminal: Where progress is shown, if it is a terminal.

    Returns:
        Whether all checks were run and none failed.

    Raises:
        SettingsError: The settings cannot be used; nothing was tested.
    """
    settings = load_settings(config)
    logging.basicConfig(handlers=[logging.NullHandler()])  # what the log would say is in the findings
    live = terminal.isatty()

    def progress(text: str) -> None:
        if live:
            terminal.write(f"{_ERASE_LINE}{text[:_PROGRESS_WIDTH]}")
            terminal.flush()

    clock = SystemClock()
    test = SelfTest(Subject(config, settings, clock, patience_s, progress))
    complete = False

    async def work(stop: anyio.Event) -> None:
        nonlocal complete
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_when_set, stop, tasks.cancel_scope)
            await test.run()
            complete = True
            tasks.cancel_scope.cancel()

    started = clock.stamp().utc
    anyio.run(run_until_signal, work, backend="asyncio")
    if live:
        terminal.write(_ERASE_LINE)
    out.write(page(f"{config}, site {settings.site}", started, test.sections, complete=complete))
    return complete and not count(test.sections, Outcome.FAIL)


async def _cancel_when_set(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()
