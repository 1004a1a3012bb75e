"""A fake of one instrument library on a pseudo-terminal, in a process of its own; run under Python 3.13.

    python fake_instrument.py LIBRARY LINK

The fakes are those that the libraries ship: a simulated analyser (fujilib) or tables of requests and replies.
"""

from __future__ import annotations

import itertools
import os
import sys
import tty
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NoReturn

import anyio
from anyio.abc import ByteStream

FIRST_NUMBER = 100
ALICAT = Path(__file__).with_name("alicat.txt")
WATLOW = Path(__file__).with_name("watlow.txt")


class Terminal(ByteStream):
    """The side of a pseudo-terminal where the instrument is."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await anyio.wait_readable(self._descriptor)
        return os.read(self._descriptor, max_bytes)

    async def send(self, item: bytes) -> None:
        os.write(self._descriptor, item)

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        os.close(self._descriptor)


async def replies(terminal: Terminal, script: Mapping[bytes, bytes], unknown: bytes = b"") -> NoReturn:
    """Answer each request that the table has; a request may come in pieces."""
    heard = b""
    while True:
        heard += await terminal.receive()
        if heard in script or not any(request.startswith(heard) for request in script):
            await terminal.send(script.get(heard, unknown))
            heard = b""


def instrument(library: str) -> Callable[[Terminal], Awaitable[None]]:
    """What answers. It is imported before anybody can ask: a late answer would pass for that to the next request."""
    if library == "fujilib":
        from fujilib.testing import DEFAULT_ZPA_BANK, MockAnalyzer, MockLine

        return MockLine(MockAnalyzer(DEFAULT_ZPA_BANK)).serve
    if library == "sartoriuslib":
        from sartoriuslib.testing import build_identify_script, build_metrology_script, canned_frames

        weight = {canned_frames.TX_READ_NET: canned_frames.RX_NET_WEIGHT_EMPTY_PAN}
        return partial(replies, script=build_identify_script() | build_metrology_script() | weight)
    if library == "alicatlib":
        from alicatlib.testing import parse_fixture

        return partial(replies, script=parse_fixture(ALICAT), unknown=b"?\r")
    from watlowlib.testing import parse_arrow_fixture

    return partial(replies, script=parse_arrow_fixture(WATLOW))


def terminal_pair() -> tuple[int, int]:
    """A pseudo-terminal far from the lowest numbers, which links of other tests still name when theirs is gone."""
    pairs = [os.openpty()]
    while int(os.ttyname(pairs[-1][1]).rpartition("/")[2]) < FIRST_NUMBER:
        pairs.append(os.openpty())
    for descriptor in itertools.chain(*pairs[:-1]):
        os.close(descriptor)
    return pairs[-1]


async def main(library: str, link: str) -> None:
    serve = instrument(library)
    its_side, our_side = terminal_pair()
    tty.setraw(our_side)
    Path(link).symlink_to(os.ttyname(our_side))  # noqa: ASYNC240  nothing else runs yet
    print("ready", flush=True)
    await serve(Terminal(its_side))


anyio.run(main, *sys.argv[1:])
