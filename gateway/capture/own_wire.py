"""What keeps a wire busy while it is captured without a gateway: listening alone, or asking the analysers on it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gateway.errors import GatewayError, LinkError
from gateway.model.reopen_pause import ReopenPause
from gateway.model.stamp import Clock
from gateway.ports import PollSource
from gateway.wire.opener import ByteLinkOpener

POLL_PERIOD_S = 1.0
_LOG = logging.getLogger("gateway.capture")


async def listen(wire: ByteLinkOpener) -> None:
    """Keep the wire open until cancelled; whoever taps it sees what is said on it. A lost wire is opened again.

    Raises:
        LinkError: It cannot be opened the first time.
    """
    pause = ReopenPause()
    opened = down = False
    while True:
        try:
            async with wire.open() as link:
                if down:
                    _LOG.warning("the wire is back")
                opened, down = True, False
                pause.reset()
                while True:
                    await link.receive()
        except LinkError as error:
            if not opened:
                raise
            if not down:
                _LOG.warning("%s", error)
            down = True
        await wire.clock.sleep_until(wire.clock.monotonic_ns() + pause.next_ns())


async def poll(sources: Sequence[PollSource], clock: Clock) -> None:
    """Ask every analyser once per `POLL_PERIOD_S` until cancelled; whoever taps the wire sees what comes of it.

    Raises:
        LinkError: The wire cannot be opened the first time.
    """
    due_ns = clock.monotonic_ns()
    opened = False
    while True:
        for source in sources:
            try:
                await source.poll_samples()
            except LinkError:
                if not opened:
                    raise
            except GatewayError:
                pass  # what went wrong is on the wire, or missing from it
            opened = True
        due_ns = max(due_ns + round(POLL_PERIOD_S * 1e9), clock.monotonic_ns())
        await clock.sleep_until(due_ns)
