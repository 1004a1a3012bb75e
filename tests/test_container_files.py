"""Dockerfile, Compose files, their settings and the page about them agree with each other; no engine is needed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.cli.command import command
from gateway.settings.document import read_document
from gateway.settings.load import check_settings, load_settings
from gateway.settings.site_settings import GatewaySettings
from gateway.simulator import SimulatorSettings, TcpLink
from gateway.simulator import load_settings as load_simulator

ROOT = Path(__file__).parent.parent
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.bridge.yml")
PAGE = ROOT / "docs/how-to/containers.md"
MOUNTED = "/etc/analyser-gateway"
CERTIFICATES = "/var/lib/analyser-gateway/pki"
VERBS = frozenset(typer.main.get_command(command).commands)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Instruction:
    """One instruction of the Dockerfile."""

    name: str
    text: str


def stages() -> list[list[Instruction]]:
    """Instructions of each build stage, beginning with its FROM."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    found: list[list[Instruction]] = []
    for line in filter(None, re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()):
        name, _, text = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, text.strip()))
    return found


def final(name: str) -> list[str]:
    """What an instruction says in the image itself."""
    return [instruction.text for instruction in stages()[-1] if instruction.name == name]


def compose(file: str) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(ROOT / file)
    return content


def service(file: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose(file)["services"][name]
    return found


def on_host_network(file: str) -> bool:
    return service(file, "gateway").get("network_mode") == "host"


def in_repository(file: str, name: str, path: str) -> Path:
    """The file of the repository that a service sees at `path`."""
    for mount in service(file, name)["volumes"]:
        source, target, *options = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", mount).split(":")
        if target == MOUNTED:
            assert options == ["ro"]
            return ROOT / source / Path(path).relative_to(MOUNTED)
    pytest.fail(f"{name} in {file} mounts nothing at {MOUNTED}")


def gateway_settings(file: str) -> GatewaySettings:
    verb, path = service(file, "gateway")["command"]
    assert verb == "run"
    environment = service(file, "gateway").get("environment", {})
    return load_settings(in_repository(file, "gateway", path), environ=environment)


def simulator_settings(file: str) -> SimulatorSettings:
    verb, path = service(file, "simulator")["command"]
    assert verb == "simulate"
    environment = service(file, "simulator").get("environment", {})
    document = read_document(in_repository(file, "simulator", path), environment)
    document.problems.raise_errors()
    return load_simulator(document.content)


def served_ports(file: str) -> set[str]:
    """`port/protocol` of everything that the gateway listens on."""
    adapters = gateway_settings(file).adapters
    opcua, epics_ca, epics_pva = adapters["opcua"], adapters["epics_ca"], adapters["epics_pva"]
    assert isinstance(opcua, OpcUaSettings)
    assert isinstance(epics_ca, ChannelAccessSettings)
    assert isinstance(epics_pva, PvAccessSettings)
    channel_access = {f"{epics_ca.port}/tcp", f"{epics_ca.port}/udp"}
    return {f"{opcua.port}/tcp", *channel_access, f"{epics_pva.port}/tcp", f"{epics_pva.broadcast_port}/udp"}


def documented_commands() -> Iterator[list[str]]:
    """Words of every command in the fences of the page."""
    for fence in re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for line in fence.replace("\\\n", " ").splitlines():
            yield shlex.split(line)


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_mounted_settings_pass_the_check_without_a_warning(file: str) -> None:
    assert check_settings(gateway_settings(file)).warnings == ()


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_the_gateway_reaches_every_simulated_line(file: str) -> None:
    lines = {line.link.port: line for line in simulator_settings(file).lines if isinstance(line.link, TcpLink)}
    settings = gateway_settings(file)
    links = {name: bus.parsed_link for name, bus in settings.buses.items()}

    assert {link.port for link in links.values()} == set(lines)
    for name, link in links.items():
        line = lines[link.port]
        assert isinstance(line.link, TcpLink)
        assert line.protocol is settings.buses[name].protocol
        if on_host_network(file):
            assert (link.host, line.link.host) == ("127.0.0.1", "127.0.0.1")
        else:
            assert (link.host, line.link.host) == ("simulator", "0.0.0.0")


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_both_services_share_a_network(file: str) -> None:
    for key in ("network_mode", "networks"):
        assert service(file, "simulator").get(key) == service(file, "gateway").get(key)
    assert set(service(file, "gateway").get("networks", ())) == set(compose(file).get("networks", ()))


def test_the_two_compose_files_are_the_two_kinds_of_network() -> None:
    assert [on_host_network(file) for file in COMPOSE_FILES] == [True, False]


def test_the_bridge_publishes_what_the_gateway_serves_under_the_same_numbers() -> None:
    published = [port.rpartition("/") for port in service("docker-compose.bridge.yml", "gateway")["ports"]]
    inside = {f"{ports.split(':')[1]}/{protocol}" for ports, _, protocol in published}

    assert inside == served_ports("docker-compose.bridge.yml")
    assert all(ports.split(":")[0] == ports.split(":")[1] for ports, _, _protocol in published)
    assert "ports" not in service("docker-compose.bridge.yml", "simulator")


def test_the_host_network_has_no_ports_to_publish() -> None:
    assert not any("ports" in service("docker-compose.yml", name) for name in ("simulator", "gateway"))


def test_the_bridge_sends_no_beacons() -> None:
    environment = service("docker-compose.bridge.yml", "gateway")["environment"]
    for protocol in ("CAS", "PVAS"):
        assert environment[f"EPICS_{protocol}_AUTO_BEACON_ADDR_LIST"] == "NO"


@pytest.mark.parametrize("name", ["simulator", "gateway"])
@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_services_are_confined(file: str, name: str) -> None:
    confined = service(file, name)

    assert confined["read_only"] is True
    assert confined["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in confined["security_opt"]
    assert {"tmpfs", "pids_limit", "mem_limit", "stop_grace_period", "restart", "init"} <= set(confined)
    assert not {"privileged", "user", "cap_add", "devices"} & set(confined)


def test_both_compose_files_differ_in_the_network_only() -> None:
    network = {"network_mode", "networks", "ports", "environment", "dns_opt"}
    host, bridge = (compose(file) for file in COMPOSE_FILES)
    for name in host["services"] | bridge["services"]:
        first, second = host["services"][name], bridge["services"][name]
        assert {key: first[key] for key in first.keys() - network} == {
            key: second[key] for key in second.keys() - network
        }
    assert host["name"] == bridge["name"]
    assert host["volumes"] == bridge["volumes"]


def test_the_image_never_runs_as_root() -> None:
    names = [instruction.name for instruction in stages()[-1]]
    (user,) = final("USER")

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a number, so that an orchestrator can tell that it is not root"
    assert "RUN" not in names[names.index("USER") :]


def test_the_certificate_folder_belongs_to_the_user_of_the_image() -> None:
    user, group = final("USER")[0].split(":")
    (made,) = [text for text in final("RUN") if CERTIFICATES in text]

    assert f"--owner={user} --group={group}" in made
    for file in COMPOSE_FILES:
        assert f"pki:{CERTIFICATES}" in service(file, "gateway")["volumes"]


def test_the_image_installs_no_system_packages() -> None:
    text = " ".join(final("RUN"))

    assert not re.search(r"\b(apt|apt-get|pip|gcc|curl|wget)\b", text)


def test_the_image_exposes_what_the_gateway_serves() -> None:
    exposed = set(" ".join(final("EXPOSE")).split())

    for file in COMPOSE_FILES:
        assert exposed == served_ports(file)


def test_the_image_runs_what_the_compose_files_run() -> None:
    (entry,), (arguments,) = final("ENTRYPOINT"), final("CMD")
    scripts = (ROOT / "pyproject.toml").read_text()

    assert json.loads(entry) == ["analyser-gateway"]
    assert "\nanalyser-gateway = " in scripts
    assert final("STOPSIGNAL") == ["SIGTERM"]
    for file in COMPOSE_FILES:
        assert json.loads(arguments) == service(file, "gateway")["command"]


def test_the_health_check_asks_the_gateway_and_is_the_same_everywhere() -> None:
    options, _, check = final("HEALTHCHECK")[0].partition("CMD ")
    program, verb, path = json.loads(check)

    assert (program, verb in VERBS, Path(path).parent) == ("analyser-gateway", True, Path(MOUNTED))
    for file in COMPOSE_FILES:
        composed = service(file, "gateway")["healthcheck"]
        assert composed["test"] == ["CMD", program, verb, path]
        for key in ("interval", "timeout", "start_period"):
            assert f"--{key.replace('_', '-')}={composed[key]} " in options
        assert in_repository(file, "gateway", path).is_file()


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_the_health_check_of_the_simulator_asks_one_of_its_lines(file: str) -> None:
    *_, program = service(file, "simulator")["healthcheck"]["test"]
    (port,) = re.findall(r"'127\.0\.0\.1', (\d+)", program)

    compile(program, file, "exec")
    assert int(port) in {line.link.port for line in simulator_settings(file).lines if isinstance(line.link, TcpLink)}


def test_the_build_context_holds_what_the_dockerfile_copies_and_no_more() -> None:
    ignored, *rules = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
    ]
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        source.removeprefix("./")
        for stage in stages()
        for instruction in stage
        if instruction.name == "COPY" and "--from" not in instruction.text
        for source in instruction.text.split()[:-1]
    }

    assert ignored == "*"
    assert allowed == copied
    assert all((ROOT / source).exists() for source in copied)


def test_libraries_are_held_by_the_constraints() -> None:
    (installed,) = [step.text for step in stages()[0] if step.name == "RUN" and "requirements.txt" in step.text]

    assert "-c constraints.txt" in installed


def test_the_image_has_the_extras_that_its_settings_need() -> None:
    (extras,) = [step.text.partition("=")[2] for step in stages()[0] if step.text.startswith("EXTRAS=")]

    for file in COMPOSE_FILES:
        assert ("pva" in extras.split()) == ("epics_pva" in gateway_settings(file).adapters)


def test_documented_commands_exist() -> None:
    services = set(compose(COMPOSE_FILES[0])["services"])
    settings = f"{MOUNTED}/gateway.yaml"
    seen = set()
    for words in documented_commands():
        if words[:2] != ["docker", "compose"]:
            continue
        files = [file for option, file in pairwise(words) if option == "-f"]
        assert set(files) <= set(COMPOSE_FILES), words
        seen.update(files)
        if "run" in words or "exec" in words:
            name, *arguments = words[words.index("gateway") :]
            verb, path = arguments[-2:]
            if "pki" in arguments:
                program, verb, _, path, *_which = arguments
                assert program == "analyser-gateway"
            assert (name in services, verb in VERBS, path) == (True, True, settings), words
            seen.add(verb)
    assert {"docker-compose.bridge.yml", "check", "describe", "health"} <= seen


def test_the_page_names_ports_points_and_variables_that_exist() -> None:
    text = PAGE.read_text()
    settings = gateway_settings("docker-compose.bridge.yml")
    epics_ca, epics_pva, opcua = (settings.adapters[name] for name in ("epics_ca", "epics_pva", "opcua"))
    assert isinstance(epics_ca, ChannelAccessSettings)
    assert isinstance(epics_pva, PvAccessSettings)
    assert isinstance(opcua, OpcUaSettings)

    assert f"EPICS_CA_NAME_SERVERS=HOST:{epics_ca.port}" in text
    assert f"EPICS_PVA_NAME_SERVERS=HOST:{epics_pva.port}" in text
    assert opcua.endpoint_url("HOST", opcua.port) in text
    for prefix, analyser in re.findall(r"camonitor (\w+:)(\w+):", text):
        assert (prefix, analyser in settings.analysers) == (epics_ca.prefix, True)
    for analyser in re.findall(r"ns=2;s=(\w+)/", text):
        assert analyser in settings.analysers
    for file in COMPOSE_FILES:
        assert "${GATEWAY_CONFIG:-" in (ROOT / file).read_text()
        assert file in text
    declared = {instruction.text.partition("=")[0] for stage in stages() for instruction in stage}
    assert set(re.findall(r"--build-arg (\w+)=", text)) <= declared
    assert "analyser-gateway/pki" in text
