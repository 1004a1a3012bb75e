"""The audit log: its lines to the letter, and what happens when they cannot be written."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from gateway.errors import ActionRefusedError, GatewayError, InputError
from gateway.model.access import Access, AccessRecord
from gateway.model.actions import ActionOrigin, ActionRequest
from gateway.runtime import audit_log
from gateway.runtime.audit_file import AuditFile
from gateway.runtime.audit_log import REFUSALS_AT_ONCE
from gateway.testing.virtual_clock import VirtualClock
from tests.runtime.action_desk import BOB, Office, office, opened, request

GOLDEN = Path(__file__).parent / "golden"
NASTY = "eve\r\n2026-01-01 root: done\x1b[2J\u202e" + 100 * "x"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


async def ask(place: Office, wish: ActionRequest) -> None:
    with suppress(GatewayError):
        await place.desk.invoke(wish)


async def test_every_request_is_one_line_to_the_letter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock, path = VirtualClock(), tmp_path / "audit.jsonl"
    place = office(path, clock)
    with caplog.at_level(logging.INFO, "gateway.audit"):
        async with opened(place):
            await ask(place, request())
            await ask(place, request("Stop", (), origin=BOB))
            await ask(place, request(confirmed=False, arguments=(10**5000,)))
            await ask(place, request(NASTY, origin=ActionOrigin("opcua", NASTY, NASTY, proved=False), device=NASTY))
            place.executor.error = GatewayError("it went wrong", where="stack", hint="look at it", raw=b"\x01")
            hold = place.executor.hold = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask, place, request(origin=BOB, arguments=(2,)))
                await place.until("State", "running")
                await clock.sleep(1.5)
                hold.set()
            place.executor.error = ActionRefusedError("a coil is set", where="stack")
            await ask(place, request(arguments=(3,)))
    assert path.read_text() == (GOLDEN / "audit.jsonl").read_text()
    said = "".join(
        f"{record.levelname} {record.getMessage()}\n" for record in caplog.records if record.name == "gateway.audit"
    )
    assert said == (GOLDEN / "audit.log").read_text()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_what_begins_is_on_disk_before_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    async with opened(office(path)) as place, anyio.create_task_group() as tasks:
        hold = place.executor.hold = anyio.Event()
        tasks.start_soon(ask, place, request())
        with anyio.fail_after(10):
            while not place.executor.performed:
                place.seen.news = anyio.Event()
                await place.seen.news.wait()
                await anyio.wait_all_tasks_blocked()
        assert [line["outcome"] for line in lines(path)] == ["begun"]
        hold.set()


async def test_nothing_is_done_that_cannot_be_written_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "audit.jsonl"
    async with opened(office(path)) as place:
        path.mkdir()
        for _ in range(2):
            with pytest.raises(ActionRefusedError, match="nothing is done without a trace"):
                await place.desk.invoke(request())
        assert place.executor.performed == []
        await _lost(place, 4)
        path.rmdir()
        assert await place.desk.invoke(request()) == "Start is done"
    assert [(line["outcome"], line.get("lost")) for line in lines(path)] == [("begun", 4), ("done", None)]
    said = [record.getMessage() for record in caplog.records if str(path) in record.getMessage()]
    remedy = "actions are refused until it can; free its disk, or correct its permissions"
    assert said == [
        f"{path} cannot be written: Is a directory; {remedy}",
        f"{path} can be written again, after 4 lost lines",
    ]


async def _lost(place: Office, lost: int) -> None:
    """Wait until so many lines are known to be lost."""
    with anyio.fail_after(10):
        while place.audit._lost != lost:
            await anyio.wait_all_tasks_blocked()


class StuckFile(AuditFile):
    """A disk that does not come back until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.let_go = threading.Event()

    def append(self, lines: bytes) -> None:
        self.let_go.wait(10)
        super().append(lines)


async def test_a_stuck_disk_holds_up_nobody_and_refuses_actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "WRITTEN_WITHIN_S", 0.05)
    place = office()
    file = place.audit._file = StuckFile(tmp_path / "audit.jsonl")
    async with opened(place):
        with pytest.raises(ActionRefusedError, match="without a trace"):
            await place.desk.invoke(request())
        with anyio.fail_after(5):  # refusals do not wait for the disk
            for _ in range(400):
                await ask(place, request(confirmed=False))
        assert place.executor.performed == []
        file.let_go.set()
        with anyio.fail_after(10):
            while not place.executor.performed:
                await ask(place, request())
    assert lines(file.path)[-1]["outcome"] == "done"


async def test_a_flood_of_refused_requests_is_counted_not_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, path = VirtualClock(), tmp_path / "audit.jsonl"
    async with opened(office(path, clock)) as place:
        for _ in range(1000):
            await ask(place, request(confirmed=False))
        assert await place.desk.invoke(request()) == "Start is done"
        await clock.sleep(10)
        for _ in range(100):
            await ask(place, request(confirmed=False))
        await clock.sleep(1)
        await ask(place, request(confirmed=False))
    listed = lines(path)
    assert [line["outcome"] for line in listed] == [*["refused"] * REFUSALS_AT_ONCE, "begun", "done", *["refused"] * 11]
    assert [line["unlisted"] for line in listed if "unlisted" in line] == [1000 - REFUSALS_AT_ONCE, 90]
    assert [line["request"] for line in listed][-1] == 1102
    assert (
        len([record for record in caplog.records if record.name == "gateway.audit"]) == len(listed) - 2 + 2
    )  # neither begun nor done, but twice that there are too many


async def test_who_comes_and_goes_is_one_line_to_the_letter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "audit.jsonl"
    records = (
        AccessRecord(Access.LOGIN, "opcua", "10.0.0.5", "anna", "urn:hmi", "as Engineer"),
        AccessRecord(Access.LOGIN_REFUSED, "opcua", "10.0.0.6", NASTY, NASTY, "wrong user name or password"),
        AccessRecord(Access.LOGOUT, "opcua", "10.0.0.5", "anna", "urn:hmi", "session closed"),
        AccessRecord(Access.CONNECTION_REFUSED, "opcua", "10.0.0.7", detail="certificate refused: BadX"),
        AccessRecord(
            Access.PUT, "epics_ca", "10.0.0.8", "anna", detail="H:stack:Action:Stop = 1, allowed by rule 2 of OP"
        ),
        AccessRecord(Access.PUT_REFUSED, "epics_ca", "10.0.0.9", detail="H:stack:I1 = 20.9: this PV is read-only"),
    )
    with caplog.at_level(logging.INFO, "gateway.audit"):
        async with opened(office(path, VirtualClock())) as place:
            for record in records:
                place.desk.note(record)
    assert path.read_text() == (GOLDEN / "access.jsonl").read_text()
    said = "".join(
        f"{record.levelname} {record.getMessage()}\n" for record in caplog.records if record.name == "gateway.audit"
    )
    assert said == (GOLDEN / "access.log").read_text()


async def test_a_flood_of_one_kind_hides_nothing_of_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, detail = tmp_path / "audit.jsonl", "H:stack:I1 = 1: this PV is read-only"
    kinds = (Access.PUT_REFUSED, Access.PUT, Access.LOGIN_REFUSED, Access.LOGIN)
    async with opened(office(path, VirtualClock())) as place:
        for kind in kinds:
            for _ in range(REFUSALS_AT_ONCE + 1):
                place.desk.note(AccessRecord(kind, "epics_ca", "10.0.0.6", "anna", detail=detail))
    listed = [line["event"] for line in lines(path)]
    assert listed == [kind.value for kind in kinds for _ in range(REFUSALS_AT_ONCE)]
    for words in ("refused puts", "puts", "refused logins and connections", "logins"):
        assert caplog.text.count(f"too many {words};") == 1


async def test_a_flood_of_refused_logins_hides_no_login(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock, path = VirtualClock(), tmp_path / "audit.jsonl"
    wrong = AccessRecord(Access.LOGIN_REFUSED, "opcua", "10.0.0.6", "anna", detail="wrong")
    async with opened(office(path, clock)) as place:
        for _ in range(1000):
            place.desk.note(wrong)
        place.desk.note(AccessRecord(Access.LOGIN, "opcua", "10.0.0.5", "anna", detail="as Observer"))
        await clock.sleep(1)
        place.desk.note(wrong)
    listed = lines(path)
    assert [line["event"] for line in listed] == [*["login refused"] * REFUSALS_AT_ONCE, "login", "login refused"]
    assert [line["unlisted"] for line in listed if "unlisted" in line] == [1000 - REFUSALS_AT_ONCE]
    assert caplog.text.count("too many refused logins and connections") == 1


def test_a_line_left_unfinished_damages_no_other(tmp_path: Path) -> None:
    file = AuditFile(tmp_path / "audit.jsonl")
    file.append(b"one\n")
    with file.path.open("ab") as other:
        other.write(b"half a li")
    file.append(b"two\nthree\n")
    assert file.path.read_bytes() == b"one\nhalf a li\ntwo\nthree\n"


def test_a_disk_that_is_full_is_told_even_when_a_part_fits(tmp_path: Path) -> None:
    """The bound on file sizes stands for a full disk: the kernel writes what fits and says how much that was."""
    script = (
        "import resource, sys; from pathlib import Path; from gateway.runtime.audit_file import AuditFile\n"
        "file = AuditFile(Path(sys.argv[1])); file.append(b'first\\n')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))\n"
        "for _ in range(2):\n"
        "    try: file.append(b'second\\n')\n"
        "    except OSError as error: print(error.strerror)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "file.append(b'third\\n')\n"
    )
    path = tmp_path / "audit.jsonl"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["No space left on device", "File too large"]
    assert path.read_bytes() == b"first\nseco\nthird\n"


@pytest.mark.parametrize("name", ["missing/audit.jsonl", "folder", "device"])
def test_a_file_that_cannot_be_one_is_refused_before_anything_starts(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/null")
    with pytest.raises(InputError, match=r"the audit file cannot be written: .*; correct audit_file in the settings"):
        AuditFile(tmp_path / name).prepare()


def test_an_existing_file_is_kept_and_a_new_one_is_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("line\n")
    (tmp_path / "old").chmod(0o640)
    for name, mode, content in (("old", 0o640, "line\n"), ("new", 0o600, "")):
        AuditFile(tmp_path / name).prepare()
        assert (tmp_path / name).stat().st_mode & 0o777 == mode
        assert (tmp_path / name).read_text() == content
