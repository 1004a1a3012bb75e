"""`python -m bench [publish|line|soak|replug]`; without a word: publish and line."""

from __future__ import annotations

import argparse
import sys

import anyio

from bench.cores import machine
from bench.line import line
from bench.publish import publish
from bench.replug import replug
from bench.soak import soak


async def run(what: str, minutes: float, cycles: int, faults: bool) -> bool:  # noqa: FBT001
    """Run one bench, or the two short ones; False when a promise was not kept."""
    print(machine() + "\n", flush=True)
    kept = True
    if what in ("publish", "all"):
        await publish()
    if what in ("line", "all"):
        kept = await line()
    if what == "soak":
        kept = await soak(minutes, faults=faults)
    if what == "replug":
        kept = await replug(cycles)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["publish", "line", "soak", "replug", "all"], default="all")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the soak; default %(default)g")
    parser.add_argument("--cycles", type=int, default=1000, help="unplugged wires of replug; default %(default)d")
    parser.add_argument("--faults", action="store_true", help="soak: troubled analysers, and clients that attack")
    arguments = parser.parse_args()
    sys.exit(0 if anyio.run(run, arguments.what, arguments.minutes, arguments.cycles, arguments.faults) else 1)


if __name__ == "__main__":
    main()
