"""`python -m bench [publish|opcua|epics|line|soak|replug|jack|waveforms|daq]`; without a word: publish and line."""

from __future__ import annotations

import argparse
import sys

import anyio

from bench.cores import machine
from bench.daq import daq
from bench.epics import EpicsOptions, epics
from bench.epics_contenders import CONTENDERS as EPICS_SERVERS
from bench.jack import jack
from bench.line import line
from bench.opcua import CLIENTS, RATES_HZ, Options, opcua
from bench.opcua_contenders import CONTENDERS as OPCUA_SERVERS
from bench.publish import publish
from bench.replug import replug
from bench.soak import soak
from bench.waveforms import waveforms

SERVERS = {"opcua": list(OPCUA_SERVERS), "epics": list(EPICS_SERVERS)}
WHAT = ("publish", "opcua", "epics", "line", "soak", "replug", "jack", "waveforms", "daq", "all")


async def run(arguments: argparse.Namespace) -> bool:
    """Run one bench, or the two short ones; False when a promise was not kept."""
    what, servers = arguments.what, arguments.servers or SERVERS.get(arguments.what, [])
    print(machine() + "\n", flush=True)
    kept = True
    if what in ("publish", "all"):
        await publish()
    if what in ("line", "all"):
        kept = await line()
    if what == "opcua":
        await opcua(Options(servers, arguments.rates, arguments.clients, windows=arguments.windows))
    if what == "epics":
        await epics(EpicsOptions(servers, arguments.clients, windows=arguments.windows))
    if what == "soak":
        kept = await soak(arguments.minutes, faults=arguments.faults)
    if what == "jack":
        kept = await jack(arguments.minutes)
    if what == "replug":
        kept = await replug(arguments.cycles)
    if what == "daq":
        kept = await daq()
    if what == "waveforms":
        kept = await waveforms(arguments.minutes)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=WHAT, default="all")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of a soak; default %(default)g")
    parser.add_argument("--cycles", type=int, default=1000, help="unplugged wires of replug; default %(default)d")
    parser.add_argument("--faults", action="store_true", help="soak: troubled analysers, and clients that attack")
    only = parser.add_argument_group("opcua and epics", "to measure a part of the table")
    every = "; ".join(f"{what}: {', '.join(names)}" for what, names in SERVERS.items())
    only.add_argument("--servers", nargs="+", default=[], metavar="NAME", help=every)
    only.add_argument("--rates", nargs="+", type=float, default=RATES_HZ, metavar="HZ", help="opcua alone")
    only.add_argument("--clients", nargs="+", type=int, default=CLIENTS, metavar="N")
    only.add_argument("--windows", type=int, default=3, help="each of 2 s; default %(default)d")
    arguments = parser.parse_args()
    unknown = set(arguments.servers) - set(SERVERS.get(arguments.what, []))
    if unknown:
        parser.error(f"{arguments.what} knows no server {', '.join(sorted(unknown))}; {every}")
    sys.exit(0 if anyio.run(run, arguments) else 1)


if __name__ == "__main__":
    main()
