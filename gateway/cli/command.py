"""All verbs in one place, each loaded only when it is called, so that `check` never pays for a server engine."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.export_verbs import export_verbs
from gateway.cli.pki_verbs import pki_verbs
from gateway.cli.user_verbs import user_verbs
from gateway.errors import GatewayError, InputError, leaves

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2

command = typer.Typer(
    name="analyser-gateway",
    help="Laboratory and plant analysers as OPC UA nodes and EPICS PVs, from one YAML file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

command.add_typer(user_verbs)
command.add_typer(pki_verbs)
command.add_typer(export_verbs)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings file (YAML).", show_default=False)]


class DecodeFormat(StrEnum):
    """Output of `decode`."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


class ListFormat(StrEnum):
    """Output of `describe`."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class PageFormat(StrEnum):
    """Output of `explain`."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """How much `run` and `simulate` say."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _log_to_stderr(level: LogLevel) -> None:
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        stream=sys.stderr,
    )


@command.command()
def run(config: ConfigFile, log_level: Annotated[LogLevel, typer.Option(help="Least level.")] = LogLevel.INFO) -> None:
    """Acquire the analysers and serve them until SIGTERM or Ctrl-C."""
    from gateway.cli.run import run_gateway

    _log_to_stderr(log_level)
    run_gateway(config)


@command.command()
def check(config: ConfigFile) -> None:
    """Validate the settings without input or output, and show the time budget of each bus."""
    from gateway.cli.check import check_settings_file

    check_settings_file(config, sys.stdout)


@command.command()
def describe(
    config: ConfigFile, output: Annotated[ListFormat, typer.Option("--format", help="Output.")] = ListFormat.TABLE
) -> None:
    """List every point with its PV name, NodeId, unit and meaning."""
    from gateway.cli.describe import describe_points

    describe_points(config, output.value, sys.stdout)


@command.command()
def decode(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A capture, or raw bytes.", show_default=False)],
    protocol: Annotated[str, typer.Option(help="How raw bytes were sent: continuous.")] = "continuous",
    output: Annotated[DecodeFormat, typer.Option("--format", help="Output.")] = DecodeFormat.TABLE,
) -> None:
    """Decode a capture, or raw bytes, offline; exit code 1 if any frame or exchange was bad."""
    from gateway.cli.decode import decode_file

    raise typer.Exit(decode_file(file, protocol, output.value, sys.stdout))


@command.command()
def capture(
    config: ConfigFile,
    bus: Annotated[str, typer.Argument(metavar="BUS", help="Name of a bus of the settings.", show_default=False)],
    output: Annotated[str, typer.Option(help="File to write, - for standard output.")] = "-",
    duration: Annotated[float | None, typer.Option(help="Seconds until it ends; none for Ctrl-C.", min=0.1)] = None,
    full: Annotated[str, typer.Option(help="End after so many events (500) or bytes (64kB, 10MB).")] = "",
    ring: Annotated[
        str, typer.Option(help="Keep the last events (500) or bytes (10MB) and write them at the end.")
    ] = "",
    polling: Annotated[
        bool, typer.Option("--poll", help="Without a running gateway: ask the Modbus analysers once a second.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --output.")] = False,
) -> None:
    """Write down what a bus carries, from the running gateway or from the wire itself, until Ctrl-C."""
    from gateway.cli.capture import CaptureOptions, capture_bus
    from gateway.cli.capture_output import CaptureOutput

    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    capture_bus(config, bus, CaptureOptions(CaptureOutput(output, overwrite), duration, full, ring, polling))


@command.command()
def discover(
    links: Annotated[
        list[str] | None,
        typer.Argument(metavar="LINK", help="Serial port or socket://host:port; none to list the serial ports."),
    ] = None,
    all_ports: Annotated[bool, typer.Option("--all-ports", help="Examine every serial port of this machine.")] = False,
    baudrate: Annotated[list[int] | None, typer.Option(help="Rate to try, repeatable; 19200 if not given.")] = None,
    framing: Annotated[str, typer.Option(help="Data bits, parity and stop bits.")] = "8N1",
    addresses: Annotated[
        str | None, typer.Option(help="Modbus addresses, such as 1-32 or 1,5,30-40; 1, 30, then 1-32 if not given.")
    ] = None,
    frame_interval: Annotated[
        float, typer.Option(help="Longest time in seconds between frames of an analyser in continuous mode.")
    ] = 2.0,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds to wait for an answer; by the baud rate if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Ask even where something else talks.")] = False,
    output: Annotated[Path | None, typer.Option(help="File for the draft; standard output if not given.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --output.")] = False,
) -> None:
    """Find analysers on wires and draft settings from them; exit code 1 if none was found."""
    from gateway.cli.discover import DraftFile, discover_analysers, links_to_examine, list_serial_ports
    from gateway.cli.discover_options import detection_settings

    settings = detection_settings(
        baudrates=baudrate or [19200],
        framing=framing,
        addresses=addresses,
        frame_interval_s=frame_interval,
        answer_s=timeout,
        ask_talking_line=force,
    )
    logging.getLogger("gateway").addHandler(logging.NullHandler())  # what the log would say is in the findings
    examined = links_to_examine(links or [], all_ports=all_ports, draft_wanted=output is not None)
    found = (
        discover_analysers(examined, settings, DraftFile(output, overwrite))
        if examined
        else list_serial_ports(sys.stdout, sys.stderr)
    )
    raise typer.Exit(EXIT_OK if found else EXIT_FAILED)


@command.command()
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A capture, or raw bytes.", show_default=False)],
    listen: Annotated[str, typer.Option(help="host:port to listen on; port 0 for any free one.")] = "127.0.0.1:0",
    pty: Annotated[Path | None, typer.Option(help="Path of a pseudo-terminal to make instead.")] = None,
    speed: Annotated[float, typer.Option(help="How much faster than recorded; 0: as fast as asked.", min=0)] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Begin a broadcast again; Modbus answers always do.")] = False,
    interval: Annotated[
        float | None,
        typer.Option(help="Seconds between lines of raw bytes, not their clock.", min=0.001),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(help="Least level.")] = LogLevel.INFO,
) -> None:
    """Be the device that a capture was taken from: play its broadcast, or answer its Modbus requests."""
    from gateway.cli.replay import ReplayOptions, replay_file

    _log_to_stderr(log_level)
    replay_file(file, ReplayOptions(listen, pty, speed, loop, interval))


@command.command()
def simulate(
    config: Annotated[Path, typer.Argument(metavar="FILE", help="Simulator settings (YAML).", show_default=False)],
    log_level: Annotated[LogLevel, typer.Option(help="Least level.")] = LogLevel.INFO,
) -> None:
    """Simulate analysers on real wire protocols until SIGTERM or Ctrl-C."""
    from gateway.cli.simulate import run_simulator

    _log_to_stderr(log_level)
    run_simulator(config)


@command.command()
def demo(
    simulator: Annotated[Path, typer.Argument(metavar="SIMULATOR", help="Simulator settings (YAML).")],
    config: ConfigFile,
    log_level: Annotated[LogLevel, typer.Option(help="Least level.")] = LogLevel.WARNING,
) -> None:
    """Simulate analysers, serve them, and print what to type next."""
    from gateway.cli.demo import run_demo

    _log_to_stderr(log_level)
    run_demo(simulator, config)


@command.command()
def schema() -> None:
    """Print the JSON Schema of the settings file, for editors."""
    from gateway.cli.schema import print_schema

    print_schema(sys.stdout)


@command.command("import-registers")
def import_registers(
    file: Annotated[Path, typer.Argument(metavar="LIST", help="Register list (CSV, UTF-8).", show_default=False)],
    column: Annotated[
        list[str] | None, typer.Option(help="COLUMN=HEADING, repeatable, where a heading is not recognised.")
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="Table of all rows without one: coil, discrete, input, holding.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Type of all rows without one, such as f32.")] = None,
    addresses: Annotated[str, typer.Option(help="What addresses are: 0 or 1 for the first, number, auto.")] = "auto",
    delimiter: Annotated[
        str | None, typer.Option(help="Between cells: a character, or tab; found out if not given.")
    ] = None,
) -> None:
    """Print a vendor's register list as a template for driver modbus_table."""
    from gateway.cli.import_registers import import_registers as print_template
    from gateway.cli.import_registers import list_format

    wanted = list_format(columns=column or [], table=table, kind=kind, addresses=addresses, delimiter=delimiter or "")
    print_template(file, wanted, sys.stdout)


@command.command()
def health(
    config: ConfigFile, timeout: Annotated[float, typer.Option(help="Seconds per server.", min=0.1)] = 3.0
) -> None:
    """Ask each server of a running gateway on this host for a sign of life; exit code 1 if one is silent."""
    from gateway.cli.health import check_health

    check_health(config, timeout, sys.stdout)


@command.command()
def selftest(
    config: ConfigFile,
    patience: Annotated[float, typer.Option(help="Longest wait in seconds for one analyser.", min=1)] = 60.0,
) -> None:
    """Open the wires, ask the analysers, start the servers on loopback and read them back; changes nothing."""
    from gateway.cli.selftest import run_selftest

    if not run_selftest(config, patience, sys.stdout, sys.stderr):
        raise typer.Exit(EXIT_FAILED)


@command.command()
def explain(
    config: ConfigFile,
    point: Annotated[str, typer.Argument(metavar="POINT", help="PV name, NodeId, or path such as stack/I1/Value.")],
    output: Annotated[PageFormat, typer.Option("--format", help="Output.")] = PageFormat.TEXT,
) -> None:
    """Say what a point is, where it comes from, and, while the gateway runs, how it stands now and why."""
    from gateway.cli.explain import explain_point

    if not explain_point(config, point, output.value, sys.stdout):
        raise typer.Exit(EXIT_FAILED)


def run_command(arguments: Sequence[str]) -> int:
    """Run one verb.

    Returns:
        0 for success, 1 for a failure of the work itself, 2 for bad input; the reason is on standard error.
    """
    try:
        command(list(arguments))
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else EXIT_FAILED
    except InputError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return EXIT_BAD_INPUT
    except GatewayError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return EXIT_FAILED
    except ExceptionGroup as group:
        expected, faults = group.split(GatewayError)
        if expected is None or faults is not None:
            raise
        failures = list(leaves(expected))
        for failure in failures:
            print(failure, file=sys.stderr)  # noqa: T201
        return EXIT_BAD_INPUT if all(isinstance(failure, InputError) for failure in failures) else EXIT_FAILED
    return EXIT_OK
