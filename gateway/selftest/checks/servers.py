"""Do the servers start, and do clients see what was published? Only on loopback, on ports that are free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from anyio.abc import TaskStatus

from gateway import registry
from gateway.errors import AdapterError, GatewayError
from gateway.model.points import ValueKind
from gateway.model.projection import projection
from gateway.model.quality import Quality, State
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.ports import Adapter, AdapterKind, ReadBack, SelfReadingKind
from gateway.selftest.finding import Finding, failed, passed, skipped
from gateway.selftest.subject import Subject

_START_S = 30.0
_READ_S = 20.0
_REPORT = "report it: clients might not see what the analysers say"


async def check(subject: Subject) -> Sequence[Finding]:
    """Publish what the analysers said, or that they said nothing, and read the values of all channels back."""
    updates = list(_updates(subject))
    findings: list[Finding] = []
    for name, section in subject.settings.adapters.items():
        subject.progress(f"{name} on loopback")
        kind = registry.adapter(name)
        if isinstance(kind, SelfReadingKind):
            try:
                findings.append(passed(f"{name}: {await _try(kind, kind, section, subject, updates)}"))
            except GatewayError as error:
                findings.append(failed(f"{name}: {error.what}", error.hint or _REPORT))
        else:
            findings.append(skipped(f"{name} cannot be tried out on loopback"))
    return findings


def _updates(subject: Subject) -> Iterator[Update]:
    for device, analyser in zip(subject.site.devices, subject.analysers, strict=True):
        projector = projection(device.groups[0], analyser.description)
        if analyser.batch:
            yield projector.project(analyser.batch)
        else:
            yield projector.degrade(State.COMMUNICATION_LOST, subject.clock.stamp())


async def _try(
    kind: AdapterKind, reader: SelfReadingKind, section: object, subject: Subject, updates: Sequence[Update]
) -> str:
    """What came back, in words.

    Raises:
        GatewayError: The server does not start, or does not show what was published.
    """
    served = {(one.device, one.path): one.name for one in kind.names(subject.site, section)}
    points = [
        (update, index, served[device.name, point.path])
        for device, update in zip(subject.site.devices, updates, strict=True)
        for index, point in enumerate(device.groups[0].points)
        if point.path[-1] == "Value" and point.kind is not ValueKind.TEXT and point.length is None
    ]
    with TemporaryDirectory(prefix="analyser-gateway-") as folder:
        adapter = kind.create(subject.site, reader.on_loopback(section, Path(folder)))
        for update in updates:
            adapter.apply(update)
        read = await _served(adapter, reader, [name for _, _, name in points], Path(folder))
    for (update, index, name), seen in zip(points, read, strict=True):
        quality = subject.site.groups[update.group].quality[update.states[index]]
        if not _same(update.values[index], quality, update.stamp.unix_us, seen):
            published = f"{update.values[index]}, {update.states[index].value}, at {update.stamp.unix_us}"
            raise AdapterError(f"{name} was published as {published} but reads as {seen}", hint=_REPORT)
    number = "1 value" if len(points) == 1 else f"{len(points)} values"
    return f"{number} read back with value, time stamp and quality as published"


async def _served(adapter: Adapter, reader: SelfReadingKind, names: Sequence[str], folder: Path) -> Sequence[ReadBack]:
    """Serve for as long as it takes to read."""
    read: Sequence[ReadBack] = ()
    problem: GatewayError | None = None

    async def serve(*, task_status: TaskStatus[None]) -> None:
        await adapter.serve(task_status=task_status)

    try:
        async with anyio.create_task_group() as serving:
            with anyio.fail_after(_START_S):
                await serving.start(serve)
            with anyio.fail_after(_READ_S):
                read = await reader.read_back(adapter.endpoints[0], names, folder)
            serving.cancel_scope.cancel()
    except* GatewayError as group:
        problem = next(error for error in group.exceptions if isinstance(error, GatewayError))
    except* TimeoutError:
        problem = AdapterError(f"it did not start within {_START_S:g} s, or not answer within {_READ_S:g} s")
    if problem is not None:
        raise problem
    return read


def _same(value: Value, quality: Quality, unix_us: int, seen: ReadBack) -> bool:
    if seen.unix_us != unix_us or not seen.shows(quality):
        return False
    return seen.value == value or value is None or (seen.value is None and not quality.keeps_value)
