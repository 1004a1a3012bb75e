"""Verbs as a user calls them: exit codes, texts, and what they do not import."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BAD = sorted(folder for folder in (ROOT / "tests" / "settings" / "bad").iterdir() if folder.is_dir())
ENGINES = {"asyncua", "caproto", "pymodbus", "serial", "serial_asyncio"}


def call(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "gateway", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def imported_by(*arguments: str) -> set[str]:
    script = (
        "import sys; from gateway.cli.command import run_command; code = run_command(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_there_are_enough_bad_examples() -> None:
    assert len(BAD) >= 25


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_bad_settings_give_their_exact_text_and_exit_code_2(folder: Path) -> None:
    done = call("check", "config.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (folder / "expected.txt").read_text()


def test_run_refuses_the_same_before_anything_starts() -> None:
    folder = BAD[0]
    done = call("run", "config.yaml", cwd=folder)
    assert done.returncode == 2
    assert done.stderr == (folder / "expected.txt").read_text()


@pytest.mark.parametrize("config", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.name)
def test_every_sample_file_is_right(config: Path) -> None:
    if "simulator" in config.name:
        from gateway.cli.simulate import load_simulator

        assert load_simulator(config).lines
        return
    done = call("check", str(config.relative_to(ROOT)))
    assert (done.returncode, done.stderr) == (0, "")
    assert "all right" in done.stdout
    assert config.read_text().startswith("# yaml-language-server: $schema=analyser-gateway.schema.json\n")


def test_the_schema_beside_the_sample_files_is_the_one_of_this_program() -> None:
    done = call("schema")
    assert done.returncode == 0
    assert done.stdout == (ROOT / "config" / "analyser-gateway.schema.json").read_text(), "run: make generated"


def test_describe_lists_every_point_in_every_format() -> None:
    table = call("describe", "config/demo.yaml")
    rows = json.loads(call("describe", "config/demo.yaml", "--format", "json").stdout)
    from_csv = list(csv.DictReader(io.StringIO(call("describe", "config/demo.yaml", "--format", "csv").stdout)))
    assert from_csv == rows
    first = rows[0]
    assert first == {
        "analyser": "inlet",
        "point": "I1/Value",
        "type": "float",
        "unit": "%",
        "range": "0 to 25",
        "description": "Oxygen",
        "opcua": "ns=2;s=inlet/I1/Value",
        "epics_ca": "DEMO:inlet:I1",
    }
    assert all(row["opcua"] in table.stdout and row["epics_ca"] in table.stdout for row in rows)


@pytest.mark.parametrize("verb", [("check", "config/demo.yaml"), ("describe", "config/demo.yaml"), ("schema",)])
def test_quick_verbs_import_no_engine(verb: tuple[str, ...]) -> None:
    assert not imported_by(*verb) & ENGINES


def test_decode_imports_neither_engine_nor_settings(tmp_path: Path) -> None:
    empty = tmp_path / "nothing.bin"
    empty.write_bytes(b"")
    assert not imported_by("decode", str(empty)) & (ENGINES | {"ruamel", "anyio"})


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("check", "no-such.yaml"), "no-such.yaml"),
        (("decode", "no-such.bin"), "no-such.bin"),
        (("decode", "README.md", "--protocol", "morse"), "morse"),
        (("simulate", "no-such.yaml"), "no-such.yaml"),
        (("fly",), "fly"),
    ],
)
def test_bad_input_is_exit_code_2_without_traceback(arguments: tuple[str, ...], text: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_simulator_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("lines: [{name: one, link: {tcp: '127.0.0.1:0'}, protocol: morse}]\n")
    done = call("simulate", "wrong.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("wrong.yaml: ")
    assert "morse" in done.stderr


def test_health_of_a_gateway_that_is_not_there_is_exit_code_1(tmp_path: Path, unused_port: int) -> None:
    config = tmp_path / "gateway.yaml"
    text = (ROOT / "config" / "demo.yaml").read_text()
    config.write_text(text.replace("port: 4840", f"port: {unused_port}"))
    done = call("health", str(config), "--timeout", "1")
    assert done.returncode == 1
    assert done.stderr.startswith("opcua: ")
    assert "is the gateway running?" in done.stderr
