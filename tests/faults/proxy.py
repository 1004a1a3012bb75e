"""A wire between the gateway and an analyser that can be broken in every way in which wires break.

```
gateway -- serial port or TCP -- [ requests > fault > ] -- TCP -- simulated analyser
                                 [ < fault < answers  ]
```
Each direction has one fault at a time, to be switched while the wire is in use. What happens to the wire as a whole is
on the proxy (unplugged, plugged in) and on its `TcpEnd` (reset, half-closed).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import anyio
from anyio.abc import ByteStream, TaskGroup, TaskStatus

from gateway.model.readings import ProtocolKind
from tests.faults.frames import FrameCutter
from tests.faults.gateway_ends import GatewayEnd
from tests.faults.wire_faults import Deliver, WireFault

_LOST = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
_WAITING_JOBS = 1000


class Direction:
    """One direction of the wire. A single task does everything that concerns it, in order.

    Attributes:
        carried: Frames taken so far; a fault switched on later no longer concerns them.
    """

    def __init__(self, protocol: ProtocolKind, *, answers: bool) -> None:
        self.carried = 0
        self._protocol = protocol
        self._answers = answers
        self._fault = WireFault()
        self._sink: ByteStream | None = None
        self._add_job, self._jobs = anyio.create_memory_object_stream[Callable[[], Awaitable[None]]](_WAITING_JOBS)

    async def run(self) -> None:
        """Do what is to be done until cancelled."""
        with self._add_job, self._jobs:
            async for job in self._jobs:
                await job()

    async def switch(self, fault: WireFault) -> None:
        """End the present fault, which delivers what it held, and begin another; returns when that is done."""
        done = anyio.Event()

        async def change() -> None:
            await self._fault.end(self._deliver)
            self._fault = fault
            done.set()

        await self._add_job.send(change)
        await done.wait()

    async def inject(self, data: bytes) -> None:
        """Deliver bytes that nobody sent, between two frames."""
        await self._add_job.send(partial(self._deliver, data))

    async def connect(self, source: ByteStream, sink: ByteStream, opposite: Direction) -> None:
        """Carry what comes from `source` to `sink` until the source has ended; `opposite` hears of each frame."""
        cutter = FrameCutter(self._protocol, answers=self._answers)
        self._sink = sink
        self._fault.forget()
        deliver = partial(self._deliver_to, sink)
        try:
            while True:
                for frame in cutter.feed(await source.receive()):
                    await opposite._add_job.send(opposite._crossed)
                    await self._add_job.send(partial(self._carry, frame, deliver))
                    self.carried += 1
        except _LOST:
            return
        finally:
            if self._sink is sink:
                self._sink = None

    async def _carry(self, frame: bytes, deliver: Deliver) -> None:
        await self._fault.carry(frame, deliver)

    async def _crossed(self) -> None:
        await self._fault.crossed(self._deliver)

    async def _deliver(self, data: bytes) -> None:
        await self._deliver_to(self._sink, data)

    async def _deliver_to(self, sink: ByteStream | None, data: bytes) -> None:
        """What was meant for a connection that has ended is lost."""
        if sink is not None and sink is self._sink:
            with suppress(*_LOST):
                await sink.send(data)


class FaultProxy:
    """The wire; made by `fault_proxy`, plugged in.

    Attributes:
        requests: From the gateway to the analyser.
        answers: From the analyser to the gateway, unasked frames included.
        link: Where the gateway finds it, as its settings write it.
    """

    def __init__(self, protocol: ProtocolKind, end: GatewayEnd, analyser_port: int, tasks: TaskGroup) -> None:
        self.requests = Direction(protocol, answers=False)
        self.answers = Direction(protocol, answers=True)
        self.link = end.link
        self._end = end
        self._analyser_port = analyser_port
        self._tasks = tasks
        self._plug: anyio.CancelScope | None = None
        self._pulled = anyio.Event()

    async def plug_in(self) -> None:
        """Let the serial port appear, or the TCP endpoint listen; nothing happens to a wire that is plugged in."""
        if self._plug is None:
            self._pulled = anyio.Event()
            self._plug = await self._tasks.start(self._serve)

    async def unplug(self) -> None:
        """Let the serial port vanish, or the TCP endpoint reset and refuse; returns when it has happened."""
        if self._plug is not None:
            self._plug.cancel()
            self._plug = None
            await self._pulled.wait()

    async def _serve(self, *, task_status: TaskStatus[anyio.CancelScope]) -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as serving:
                await serving.start(self._end.serve, self._attend)
                task_status.started(scope)
        self._pulled.set()

    async def _attend(self, gateway: ByteStream) -> None:
        """Each connection of the gateway gets a connection to the analyser, and they end together."""
        async with await anyio.connect_tcp("127.0.0.1", self._analyser_port) as analyser:
            async with anyio.create_task_group() as tasks:

                async def carry(way: Direction, source: ByteStream, sink: ByteStream, opposite: Direction) -> None:
                    await way.connect(source, sink, opposite)
                    tasks.cancel_scope.cancel()

                tasks.start_soon(carry, self.requests, gateway, analyser, self.answers)
                tasks.start_soon(carry, self.answers, analyser, gateway, self.requests)


@asynccontextmanager
async def fault_proxy(protocol: ProtocolKind, end: GatewayEnd, analyser_port: int) -> AsyncIterator[FaultProxy]:
    """A wire without faults, plugged in at both ends, for the length of a block.

    Args:
        protocol: What is spoken on it.
        end: The gateway's end.
        analyser_port: TCP port of the analyser on loopback.
    """
    async with anyio.create_task_group() as tasks:
        proxy = FaultProxy(protocol, end, analyser_port, tasks)
        tasks.start_soon(proxy.requests.run)
        tasks.start_soon(proxy.answers.run)
        await proxy.plug_in()
        yield proxy
        await proxy.unplug()
        tasks.cancel_scope.cancel()
