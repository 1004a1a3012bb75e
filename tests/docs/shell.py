"""Types the commands of a page into a shell and compares what comes back with what the page shows.

What is different from a reader's machine:

* Port numbers are replaced by free ones, in files and in commands alike.
* `caget`, `caput`, `camonitor` and `cainfo` are the stand-ins of `channel_access_tools.py`, over libca.
* `make run` is the last line that `make --dry-run run` prints: the demo without building the virtual environment.
* A program that runs until it is stopped (`run`, `simulate`, `replay`, `make run`, `camonitor`) goes on in the
  background once the lines shown have come, and is stopped with Ctrl-C when the page ends.
* A command whose output is not yet what is shown is typed again for some seconds, as a reader would who was too quick.
* Numbers, times and the width of columns may differ; `...` on a line of its own stands for any lines.
* Notices that depend on the machine and that the pages leave out are dropped: `NOISE`.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tests.docs.pages import ROOT, Page
from tests.ports import free_port

PORTS = re.compile(r"(?<=[ :/=])(4840|53\d\d|50[26]\d|4001)\b")
NOISE = re.compile(r"\*{4} |.*WARNING:asyncua|.*caRepeater|Warning: Duplicate EPICS CA")
UNTIL_STOPPED = re.compile(
    r"(analyser-gateway (run|simulate|demo|replay) )|make run\b|camonitor |\S*/uasubscribe |.* -m gateway demo"
)
ALLOWED_S = 20.0
READER_S = 6.0


def without(*prefixes: str) -> dict[str, str]:
    """The environment but for what an outer `make` or the machine's own EPICS settings have put there."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def shape(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r" EPICS_CA_SERVER_PORT=\d+$", "", line)  # the demo says it when it is not on the usual port
    line = re.sub(r"/\S*/(?=ua\w+|python)", ".venv/bin/", line).replace("bin/python3", "bin/python")
    return " ".join(re.sub(r"\b[0-9A-F]{4}\b|-?\d+(\.\d+)?", "N", line).split())


def matches(shown: list[str], seen: list[str], *, prefix: bool) -> bool:
    """Whether what was seen has the shape of what is shown, blank lines aside; with `prefix`, more may follow."""
    return _matches(
        [shape(line) for line in shown if line.strip()], [shape(line) for line in seen if line.strip()], prefix
    )


def _matches(shown: list[str], seen: list[str], prefix: bool) -> bool:
    if not shown:
        return prefix or not seen
    if shown[0] == "...":
        return any(_matches(shown[1:], seen[start:], prefix) for start in range(len(seen) + 1))
    return bool(seen) and shown[0] == seen[0] and _matches(shown[1:], seen[1:], prefix)


@dataclass
class Background:
    """A program that runs until it is stopped; its output is collected as it comes."""

    command: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False

    def __post_init__(self) -> None:
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.news:
                if not NOISE.match(line):
                    self.lines.append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def wait_for(self, shown: list[str]) -> None:
        deadline = monotonic() + ALLOWED_S
        with self.news:
            while not matches(shown, self.lines, prefix=True):
                assert not self.ended, self._complaint(shown)
                assert self.news.wait(max(0.0, deadline - monotonic())), self._complaint(shown)

    def _complaint(self, shown: list[str]) -> str:
        return "\n".join([f"{self.command} shows", *self.lines, "", "but the page says", *shown])

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(ALLOWED_S)
        except subprocess.TimeoutExpired:
            # The gateway and its simulator owe a stop; libca sometimes hangs in its own clean-up at exit.
            assert "camonitor" in self.command, f"{self.command} does not end on Ctrl-C"
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        assert self.process.stdout is not None
        with self.news:
            self.news.wait_for(lambda: self.ended, ALLOWED_S)
        self.process.stdout.close()
        if "gateway" in self.command:
            assert self.process.returncode == 0, "\n".join([self.command, *self.lines])


class Shell:
    """A folder with the repository's sample settings and a shell in it.

    Args:
        folder: Where files of the page are written and commands run.
        python_path: Further folders for Python to import from.
    """

    def __init__(self, folder: Path, python_path: tuple[Path, ...] = ()) -> None:
        self.folder = folder
        self._ports: dict[str, str] = {}
        self._background: list[Background] = []
        tools = folder / ".tools"
        tools.mkdir(parents=True)
        script = Path(__file__).with_name("channel_access_tools.py")
        for name, target in (
            ("caget", f"{script} caget"),
            ("caput", f"{script} caput"),
            ("camonitor", f"{script} camonitor"),
            ("cainfo", f"{script} cainfo"),
            ("analyser-gateway", "-m gateway"),
        ):
            (tools / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {target} "$@"\n')
            (tools / name).chmod(0o755)
        self._environment = {
            **without("EPICS_CAS_SERVER_PORT", "EPICS_CA_NAME_SERVERS"),
            "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *python_path))),
            "PYTHONUNBUFFERED": "1",
            "EPICS_CA_SERVER_PORT": self.port("5064"),
        }
        for sample in (ROOT / "config").glob("*.yaml"):
            self.write(f"config/{sample.name}", sample.read_text())

    def port(self, shown: str) -> str:
        """The free port that stands for one on the page."""
        return self._ports.setdefault(shown, str(free_port()))

    def local(self, text: str) -> str:
        """Text of the page with ports and paths of this machine."""
        text = PORTS.sub(lambda found: self.port(found[1]), text)
        return text.replace(".venv/bin/", f"{Path(sys.executable).parent}/")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.local(text))

    def type(self, command: str, shown: list[str], *, exit_code: int = 0) -> None:
        """Run one command and compare."""
        while shown and not shown[-1].strip():
            shown = shown[:-1]
        if command == "make run":
            make = ["make", "--no-print-directory", "--dry-run", "run"]
            dry = subprocess.run(
                make, cwd=ROOT, env=without("MAKE"), capture_output=True, text=True, check=True, timeout=ALLOWED_S
            )
            command = dry.stdout.splitlines()[-1]
        if exit_code == 0 and UNTIL_STOPPED.match(command):
            self._background.append(Background(command, self._start(f"exec {self.local(command)}")))
            self._background[-1].wait_for(shown)
            return
        deadline = monotonic() + READER_S
        while complaint := self._complaint(command, shown, exit_code):
            assert monotonic() < deadline, complaint

    def _complaint(self, command: str, shown: list[str], exit_code: int) -> str:
        process = self._start(self.local(command))
        try:
            output, _ = process.communicate(timeout=ALLOWED_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise AssertionError(f"{command} does not end:\n{output}") from None
        seen = [line for line in output.splitlines() if not NOISE.match(line)]
        if process.returncode == exit_code and (not shown or matches(shown, seen, prefix=False)):
            return ""
        return "\n".join([f"{command} shows (exit code {process.returncode})", *seen, "", "but the page says", *shown])

    def _start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_aloud(self, page: Page) -> None:
        """Write the files of a page and run its commands, from top to bottom."""
        for block in page.blocks:
            if block.title:
                self.write(block.title, block.text)
            if block.language != "console" or "elsewhere" in block.words:
                continue
            codes = [int(word.removeprefix("exit=")) for word in block.words if word.startswith("exit=")]
            for command, shown in block.commands:
                try:
                    self.type(command, shown, exit_code=codes[0] if codes else 0)
                except AssertionError as error:
                    raise AssertionError(f"{block.where}: {error}") from None

    def close(self) -> None:
        """Stop whatever still runs, the youngest first."""
        failures: list[AssertionError] = []
        for program in reversed(self._background):
            try:
                program.stop()
            except AssertionError as error:
                failures.append(error)
        if failures:
            raise failures[0]
