"""The local socket of a running gateway: who may ask, what bad clients can do, and what is left after each end."""

from __future__ import annotations

import logging
import signal
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest

from gateway.control import server as server_module
from gateway.control.client import NotRunningError, ask
from gateway.control.server import Answers, ControlServer
from gateway.control.socket_path import control_path, running_path
from gateway.errors import GatewayError, InputError

Serving = Callable[..., AbstractAsyncContextManager[Path]]

STAND_IN = """
import resource, sys
from pathlib import Path
import anyio
from gateway.control import server
from gateway.control.server import ControlServer

class Started:
    def started(self):
        print("started", flush=True)

if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
    server._AGAIN_S = 0.05
anyio.run(lambda: ControlServer(Path(sys.argv[1]), {}).serve(task_status=Started()))
"""


class Verbs:
    """What the server under test can be asked."""

    def __init__(self) -> None:
        self.ended = anyio.Event()

    async def count(self, request: Mapping[str, object]) -> Answers:
        for number in range(int(str(request["upto"]))):
            yield {"number": number}

    async def forever(self, _request: Mapping[str, object]) -> Answers:
        try:
            yield {"began": True}
            await anyio.sleep_forever()
        finally:
            self.ended.set()

    async def flood(self, _request: Mapping[str, object]) -> Answers:
        while True:
            yield {"noise": "x" * 60_000}

    async def refuse(self, _request: Mapping[str, object]) -> Answers:
        yield {"before": 1}
        raise InputError("no such thing", hint="ask for another")

    async def break_down(self, request: Mapping[str, object]) -> Answers:
        yield {"missing": request["no such key"]}

    def table(self) -> dict[str, Callable[[Mapping[str, object]], Answers]]:
        return {name: getattr(self, name) for name in ("count", "forever", "flood", "refuse", "break_down")}


@pytest.fixture
def verbs() -> Verbs:
    return Verbs()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return control_path("site")


@pytest.fixture
def serving(path: Path, verbs: Verbs) -> Serving:
    @asynccontextmanager
    async def serve() -> AsyncIterator[Path]:
        async with anyio.create_task_group() as tasks:
            await tasks.start(ControlServer(path, verbs.table()).serve)
            with anyio.fail_after(10):
                yield path
            tasks.cancel_scope.cancel()

    return serve


async def answers(path: Path, verb: str, **arguments: object) -> list[Mapping[str, object]]:
    async with aclosing(ask(path, verb, **arguments)) as said:
        return [answer async for answer in said]


def there(path: Path) -> bool:
    return path.is_socket()


async def answers_well(path: Path) -> bool:
    return await answers(path, "count", upto=2) == [{"number": 0}, {"number": 1}]


async def test_answers_come_one_by_one_and_end(serving: Serving) -> None:
    async with serving() as path:
        assert await answers(path, "count", upto=1000) == [{"number": number} for number in range(1000)]
        assert await answers(path, "count", upto=0) == []


async def test_only_this_user_can_open_it(serving: Serving) -> None:
    async with serving() as path:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not there(path)


async def test_without_a_run_time_folder_it_is_in_one_of_this_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert control_path("plant").parent.parent == tmp_path
    assert control_path("plant").name == "plant.sock"
    assert control_path("plant") != control_path("laboratory")


def test_a_gateway_without_a_run_time_folder_is_found_from_a_login_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    service = control_path("plant")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert running_path("plant") == control_path("plant") != service
    service.parent.mkdir(parents=True)
    service.touch()
    assert running_path("plant") == service


@pytest.mark.parametrize("kind", ["open to others", "a link"])
async def test_a_folder_that_others_could_have_prepared_is_not_used(
    kind: str, serving: Serving, path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if kind == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        path.parent.symlink_to(tmp_path / "elsewhere")
    else:
        path.parent.mkdir()
        path.parent.chmod(0o750)
    async with serving():
        assert "is not a folder of this user alone" in caplog.text
        assert not there(path)


async def test_refusals_and_unknown_verbs_reach_the_client(serving: Serving) -> None:
    async with serving() as path:
        with pytest.raises(GatewayError, match="no such thing; ask for another"):
            await answers(path, "refuse")
        with pytest.raises(GatewayError, match="ask for one of count, forever, flood, refuse, break_down"):
            await answers(path, "fly")


async def test_a_fault_of_a_verb_is_logged_and_stops_nothing(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as path:
        with pytest.raises(GatewayError, match="fault of the gateway, see its log: KeyError"):
            await answers(path, "break_down")
        assert "Traceback" in caplog.text
        assert await answers_well(path)


GARBAGE = {
    "nothing": b"",
    "an empty line": b"\n",
    "no JSON": b"\xff\xfe\x00 hello\n",
    "no object": b"[1, 2]\n",
    "a number": b"7\n",
    "no verb": b"{}\n",
    "a list as verb": b'{"verb": ["count"]}\n',
    "too deep": b'{"verb":' + b"[" * 50_000 + b"\n",
    "too long": b"x" * 200_000,
    "half a line": b'{"verb": "count"',
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("listens", [True, False], ids=["that listens", "that is gone"])
async def test_a_client_that_talks_nonsense(
    garbage: bytes, listens: bool, serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as path:
        async with await anyio.connect_unix(path) as client:
            await client.send(garbage)
            if listens and garbage.endswith(b"\n"):
                assert b"ask for one of" in await client.receive()
        assert await answers_well(path)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_client_that_leaves_ends_its_request(serving: Serving, verbs: Verbs) -> None:
    async with serving() as path:
        async with aclosing(ask(path, "forever")) as said:
            assert await anext(said) == {"began": True}
        await verbs.ended.wait()


async def test_a_client_that_does_not_read_delays_nobody(serving: Serving) -> None:
    async with serving() as path:
        async with await anyio.connect_unix(path) as client:
            await client.send(b'{"verb": "flood"}\n')
            for _ in range(20):
                assert await answers_well(path)


async def test_a_client_that_says_nothing_is_sent_away(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_REQUEST_S", 0.05)
    async with serving() as path:
        async with await anyio.connect_unix(path) as client:
            assert b"ask for one of" in await client.receive()
            with pytest.raises(anyio.EndOfStream):
                await client.receive()


async def test_a_client_hears_that_the_gateway_stops(path: Path, verbs: Verbs) -> None:
    async with anyio.create_task_group() as tasks:
        await tasks.start(ControlServer(path, verbs.table()).serve)
        async with aclosing(ask(path, "forever")) as said:
            await anext(said)
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True), anyio.fail_after(5):
                await verbs.ended.wait()
                with pytest.raises(GatewayError, match="stopped while it answered"):
                    await anext(said)
    assert not there(path)


@asynccontextmanager
async def stand_in(path: Path, *arguments: str) -> AsyncIterator[anyio.abc.Process]:
    """A server in a process of its own, without any verb."""
    command = [sys.executable, "-W", "error", "-c", STAND_IN, str(path), *arguments]
    async with await anyio.open_process(command) as process:
        assert process.stdout is not None
        with anyio.fail_after(20):
            assert (await process.stdout.receive()).startswith(b"started")
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.send_signal(signal.SIGKILL)


async def test_the_socket_of_a_killed_gateway_is_replaced(path: Path, serving: Serving) -> None:
    async with stand_in(path) as process:
        with pytest.raises(GatewayError, match="ask for one of"):
            await answers(path, "count", upto=2)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert there(path)
    with pytest.raises(NotRunningError):
        await answers(path, "count", upto=2)
    async with serving():
        assert await answers_well(path)


async def test_a_gateway_that_can_open_nothing_more_answers_again_later(path: Path) -> None:
    async with stand_in(path, "32") as process:
        async with AsyncExitStack() as crowd:
            with suppress(OSError):
                for _ in range(60):
                    await crowd.enter_async_context(await anyio.connect_unix(path))
            assert process.stderr is not None
            messages = await process.stderr.receive()
        assert messages.count(b"Too many open files") == 1
        while True:
            try:
                await answers(path, "count")
            except NotRunningError:
                await anyio.sleep(0.01)
            except GatewayError as error:
                if "ask for one of" in str(error):
                    break


async def test_of_two_gateways_of_a_site_the_first_is_asked_and_the_second_takes_over(
    serving: Serving, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_AGAIN_S", 0.01)
    other = Verbs()
    async with anyio.create_task_group() as tasks:
        async with serving():
            await tasks.start(ControlServer(path, {"second": other.count}).serve)
            assert await answers_well(path)
        with anyio.fail_after(10):
            while True:
                try:
                    assert await answers(path, "second", upto=1) == [{"number": 0}]
                    break
                except NotRunningError:
                    await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    messages = [record.getMessage() for record in caplog.records]
    assert [message for message in messages if "another gateway of this site is running" in message] == messages[:1]
    assert messages[1:] == [f"the local control socket is there again: {path}"]


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"17\n", b"x" * 100])
async def test_what_is_no_gateway_is_named(said: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True)
    listener = await anyio.create_unix_listener(path)

    async def attend(client: anyio.abc.SocketStream) -> None:
        async with client:
            await client.receive()
            await client.send(said)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, attend)
        with pytest.raises(GatewayError, match=r"no gateway|stopped while"):
            await answers(path, "count")
        tasks.cancel_scope.cancel()


async def test_nobody_there_says_what_to_do(path: Path) -> None:
    with pytest.raises(NotRunningError, match="start it, under the same user") as caught:
        await answers(path, "count")
    assert caught.value.where == str(path)
