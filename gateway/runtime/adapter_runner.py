"""Keeps one northbound server alive; its crash touches neither acquisition nor the other servers."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from gateway.errors import AdapterError
from gateway.model.update import Update
from gateway.ports import ActionDesk, Adapter, OffersActions
from gateway.runtime.hub import Hub

_RESTART_S = 5.0


class _Ready(TaskStatus[None]):
    """Passes on that the server has started, and remembers it."""

    def __init__(self, task_status: TaskStatus[None]) -> None:
        self._task_status = task_status
        self.told = False

    def started(self, value: None = None) -> None:
        self.told = True
        self._task_status.started(value)


def _cannot_start(name: str, error: Exception) -> AdapterError:
    if isinstance(error, AdapterError):
        return error
    return AdapterError(f"cannot start: {type(error).__name__}: {error}", where=name, hint="report it with the log")


class AdapterRunner:
    """Serves one adapter and starts it anew after a crash.

    Args:
        name: Name in the settings.
        create: Builds a fresh adapter.
        hub: Where the last Updates are, for a server that starts late.
        desk: Where an adapter that offers actions asks for them.
    """

    def __init__(self, name: str, create: Callable[[], Adapter], hub: Hub, desk: ActionDesk | None = None) -> None:
        self.name = name
        self._create = create
        self._hub = hub
        self._desk = desk
        self._adapter: Adapter | None = None
        self._failing = False
        self._log = logging.getLogger(f"gateway.adapters.{name}")

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What clients connect to; empty while the server is down."""
        return () if self._adapter is None else self._adapter.endpoints

    def apply(self, update: Update) -> None:
        """Pass an Update on. A fault of the adapter is logged once and never reaches acquisition."""
        if self._adapter is None:
            return
        try:
            self._adapter.apply(update)
        except Exception:  # noqa: BLE001  the adapter is at fault, whatever it is; acquisition must go on
            if not self._failing:
                self._log.exception("%s cannot take updates", self.name)
            self._failing = True
        else:
            if self._failing:
                self._log.warning("%s takes updates again", self.name)
            self._failing = False

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Serve until cancelled.

        Raises:
            AdapterError: The very first start failed; the settings or the machine must change.
        """
        ready = _Ready(task_status)
        try:
            await self._serve(ready)
        except Exception as error:
            if not ready.told:
                raise _cannot_start(self.name, error) from error
            self._log.exception("%s crashed; it starts again in %g s", self.name, _RESTART_S)
        while True:
            await anyio.sleep(_RESTART_S)
            try:
                await self._serve(anyio.TASK_STATUS_IGNORED)
            except Exception:  # noqa: BLE001  as above
                self._log.exception("%s crashed again; next start in %g s", self.name, _RESTART_S)

    async def _serve(self, task_status: TaskStatus[None]) -> None:
        adapter = self._create()
        if self._desk is not None and isinstance(adapter, OffersActions):
            adapter.offer(self._desk)
        for update in self._hub.snapshot():
            adapter.apply(update)
        self._adapter = adapter
        try:
            await adapter.serve(task_status=task_status)
        finally:
            self._adapter = None
