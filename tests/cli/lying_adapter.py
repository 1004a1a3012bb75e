"""OPC UA served a little wrongly: for showing that the self-test notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anyio.abc import TaskStatus

from gateway.adapters.opcua.kind import OpcUaKind
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.ports import Adapter


class LyingAdapter:
    def __init__(self, inner: Adapter, lie: str) -> None:
        self._inner = inner
        self._lie = lie

    @property
    def endpoints(self) -> tuple[str, ...]:
        return self._inner.endpoints

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        if self._lie == "start":
            raise AdapterError("it has no wish to start", hint="ask it nicely")
        await self._inner.serve(task_status=task_status)

    def apply(self, update: Update) -> None:
        if self._lie == "value":
            values = [value + 1 if isinstance(value, float) else value for value in update.values]
            update = replace(update, values=values)
        elif self._lie == "stamp":
            update = replace(update, stamp=Stamp(update.stamp.monotonic_ns, update.stamp.unix_us + 1))
        elif self._lie == "quality":
            update = replace(update, states=[State.STALE] * len(update.states))
        self._inner.apply(update)


class LyingKind(OpcUaKind):
    lie = ""

    def create(self, site: SiteSpec, settings: object) -> Adapter:
        return LyingAdapter(super().create(site, settings), self.lie)


class Reticent:
    """A kind that cannot be read back."""

    settings = OpcUaKind().settings

    def names(self, site: SiteSpec, settings: object) -> Sequence[object]:
        return OpcUaKind().names(site, settings)


LYING = LyingKind()
RETICENT = Reticent()
