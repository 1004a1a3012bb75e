"""`caget`, `caput`, `camonitor` and `cainfo` of EPICS base, as far as the pages use them, on the same library: libca.

The programs themselves come with EPICS base, which no package manager of the test machines has. This stand-in takes
the same arguments, asks through the libca of the package epicscorelibs (by aioca), and prints in the layout of base.

    python channel_access_tools.py caget [-a] [-d DBR_CTRL_DOUBLE] PV...
    python channel_access_tools.py caput [-c] [-w SECONDS] PV VALUE
    python channel_access_tools.py camonitor PV...
    python channel_access_tools.py cainfo PV...
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import aioca

SEVERITIES = ("NO_ALARM", "MINOR", "MAJOR", "INVALID")
STATUSES = (
    *("NO_ALARM", "READ", "WRITE", "HIHI", "HIGH", "LOLO", "LOW", "STATE", "COS", "COMM", "TIMEOUT", "HWLIMIT"),
    *("CALC", "SCAN", "LINK", "SOFT", "BAD_SUB", "UDF", "DISABLE", "SIMM", "READ_ACCESS", "WRITE_ACCESS"),
)
NATIVE_TYPES = ("STRING", "SHORT", "FLOAT", "ENUM", "CHAR", "LONG", "DOUBLE")
LIMITS = (
    ("Lo disp limit", "lower_disp_limit"),
    ("Hi disp limit", "upper_disp_limit"),
    ("Lo alarm limit", "lower_alarm_limit"),
    ("Lo warn limit", "lower_warning_limit"),
    ("Hi warn limit", "upper_warning_limit"),
    ("Hi alarm limit", "upper_alarm_limit"),
    ("Lo ctrl limit", "lower_ctrl_limit"),
    ("Hi ctrl limit", "upper_ctrl_limit"),
)


def shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def stamped(value: Any) -> str:
    seconds, nanoseconds = value.raw_stamp
    time = datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")  # local time, as base
    alarm = f" {STATUSES[value.status]} {SEVERITIES[value.severity]}" if value.severity else " "
    return f"{value.name:<30} {time}.{nanoseconds // 1000:06d} {shown(value)}{alarm}"


async def caget(arguments: argparse.Namespace) -> None:
    for pv in arguments.pv:
        if arguments.type == "DBR_CTRL_DOUBLE":
            value = await aioca.caget(pv, datatype=float, format=aioca.FORMAT_CTRL, timeout=10)
            print(f"{pv}\n    Native data type: DBF_DOUBLE\n    Request type:     DBR_CTRL_DOUBLE")
            print(f"    Element count:    1\n    Value:            {shown(value)}")
            print(f"    Status:           {STATUSES[value.status]}\n    Severity:         {SEVERITIES[value.severity]}")
            print(f"    Units:            {value.units}\n    Precision:        {value.precision}")
            for label, attribute in LIMITS:
                print(f"    {label + ':':<17} {getattr(value, attribute):g}")
        elif arguments.all:
            value = await aioca.caget(pv, format=aioca.FORMAT_TIME, timeout=10)
            print(stamped(value), flush=True)
        else:
            print(f"{pv:<30} {shown(await aioca.caget(pv, timeout=10))}", flush=True)


async def caput(arguments: argparse.Namespace) -> None:
    pv, value = arguments.pv
    before = await aioca.caget(pv, timeout=10)
    put = await aioca.caput(pv, value, wait=arguments.callback, timeout=arguments.wait, throw=False)
    if not put.ok:
        sys.exit(f"CA put failed: {put}")
    print(f"Old : {pv:<30} {shown(before)}")
    print(f"New : {pv:<30} {shown(await aioca.caget(pv, timeout=10))}", flush=True)


async def camonitor(arguments: argparse.Namespace) -> None:
    def event(value: Any, _index: int) -> None:
        print(stamped(value), flush=True)

    monitors = aioca.camonitor(arguments.pv, event, format=aioca.FORMAT_TIME, all_updates=True)
    try:
        await asyncio.Event().wait()
    finally:
        for monitor in monitors:
            monitor.close()


async def cainfo(arguments: argparse.Namespace) -> None:
    for pv in arguments.pv:
        info = await aioca.cainfo(pv, timeout=10)
        native = NATIVE_TYPES[info.datatype]
        print(f"{pv}\n    State:            connected\n    Host:             {info.host}")
        print(f"    Access:           {'' if info.read else 'no '}read, {'' if info.write else 'no '}write")
        print(f"    Native data type: DBF_{native}\n    Request type:     DBR_{native}")
        print(f"    Element count:    {info.count}", flush=True)


TOOLS = {"caget": caget, "caput": caput, "camonitor": camonitor, "cainfo": cainfo}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", choices=tuple(TOOLS))
    parser.add_argument("-a", dest="all", action="store_true")
    parser.add_argument("-c", dest="callback", action="store_true")
    parser.add_argument("-w", dest="wait", type=float, default=1.0)
    parser.add_argument("-d", dest="type", choices=("DBR_CTRL_DOUBLE",))
    parser.add_argument("pv", nargs="+")
    arguments = parser.parse_args()
    asyncio.run(TOOLS[arguments.tool](arguments))


if __name__ == "__main__":
    sys.exit(main())
