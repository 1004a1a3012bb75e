"""`python -m bench [publish|opcua|epics|line|soak|replug]`; without a word: publish and line."""

from __future__ import annotations

import argparse
import sys

import anyio

from bench.cores import machine
from bench.epics import EpicsOptions, epics
from bench.line import line
from bench.opcua import CLIENTS, RATES_HZ, Options, opcua
from bench.opcua_contenders import CONTENDERS
from bench.publish import publish
from bench.replug import replug
from bench.soak import soak

WHAT = ("publish", "opcua", "epics", "line", "soak", "replug", "all")


async def run(what: str, minutes: float, cycles: int, faults: bool, servers: Options) -> bool:  # noqa: FBT001
    """Run one bench, or the two short ones; False when a promise was not kept."""
    print(machine() + "\n", flush=True)
    kept = True
    if what in ("publish", "all"):
        await publish()
    if what in ("line", "all"):
        kept = await line()
    if what == "opcua":
        await opcua(servers)
    if what == "epics":
        await epics(EpicsOptions())
    if what == "soak":
        kept = await soak(minutes, faults=faults)
    if what == "replug":
        kept = await replug(cycles)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=WHAT, default="all")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the soak; default %(default)g")
    parser.add_argument("--cycles", type=int, default=1000, help="unplugged wires of replug; default %(default)d")
    parser.add_argument("--faults", action="store_true", help="soak: troubled analysers, and clients that attack")
    only = parser.add_argument_group("opcua", "to measure a part of the table")
    only.add_argument("--servers", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    only.add_argument("--rates", nargs="+", type=float, default=RATES_HZ, metavar="HZ")
    only.add_argument("--clients", nargs="+", type=int, default=CLIENTS, metavar="N")
    only.add_argument("--windows", type=int, default=3, help="each of 2 s; default %(default)d")
    arguments = parser.parse_args()
    servers = Options(arguments.servers, arguments.rates, arguments.clients, windows=arguments.windows)
    what = arguments.what
    kept = anyio.run(run, what, arguments.minutes, arguments.cycles, arguments.faults, servers)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
