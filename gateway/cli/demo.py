"""`analyser-gateway demo`: a simulator and a gateway in one process, and what to type next."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import anyio

from gateway import registry
from gateway.app import Gateway
from gateway.cli.signals import run_until_signal
from gateway.cli.simulate import load_simulator
from gateway.settings.load import load_settings
from gateway.settings.site_settings import GatewaySettings
from gateway.settings.site_spec import site_spec
from gateway.simulator import running
from gateway.streaming.clock import SystemClock

USUAL_CA_PORT = "5064"


def run_demo(simulator: Path, config: Path) -> None:
    """Run both until a signal comes.

    Raises:
        SettingsError: One of the files cannot be used; nothing was started.
        LinkError: A simulated line cannot be opened.
        AdapterError: A server cannot start.
    """
    simulated = load_simulator(simulator)
    settings = load_settings(config)
    gateway = Gateway(settings)

    async def work(stop: anyio.Event) -> None:
        async with running(simulated, SystemClock()), anyio.create_task_group() as tasks:
            await tasks.start(gateway.run, stop)
            sys.stdout.write(invitation(settings, gateway.endpoints))
            sys.stdout.flush()

    anyio.run(run_until_signal, work, backend="asyncio")
    logging.getLogger("gateway").info("stopped")


def invitation(settings: GatewaySettings, endpoints: dict[str, tuple[str, ...]]) -> str:
    """What a newcomer can type now, with names that exist in these settings."""
    site = site_spec(settings)
    first = {name: registry.adapter(name).names(site, section)[0].name for name, section in settings.adapters.items()}
    python = Path(sys.executable)
    lines = ["", f"The demo is running: {len(settings.analysers)} simulated analysers. Stop it with Ctrl-C.", ""]
    if "epics_ca" in first:
        pv = first["epics_ca"]
        port = endpoints["epics_ca"][0].rpartition(":")[2]
        server_port = "" if port == USUAL_CA_PORT else f" EPICS_CA_SERVER_PORT={port}"
        lines += [
            f"EPICS Channel Access on {', '.join(endpoints['epics_ca'])}. In another shell:",
            f"  export EPICS_CA_AUTO_ADDR_LIST=NO EPICS_CA_ADDR_LIST=127.0.0.1{server_port}",
            f"  caget -d DBR_CTRL_DOUBLE {pv}",
            f"  camonitor {pv}",
            "without EPICS base, the same with the libca of pyepics:",
            f"""  {python} -c "import epics; print(epics.caget('{pv}'))" """.rstrip(),
            f"""  {python} -c "import epics, time; epics.camonitor('{pv}'); time.sleep(10)" """.rstrip(),
            "",
        ]
    if "opcua" in first:
        url, node = endpoints["opcua"][0], first["opcua"]
        lines += [
            f"OPC UA on {url}, without certificates or passwords: for a demo only. In another shell:",
            f"  {python.parent / 'uals'} -u {url} -n 'ns=2;s={site.devices[0].name}' -d 1",
            f"  {python.parent / 'uaread'} -u {url} -n '{node}'",
            f"  {python.parent / 'uasubscribe'} -u {url} -n '{node}'",
            "",
        ]
    return "\n".join(lines) + "\n"
