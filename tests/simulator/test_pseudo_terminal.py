from __future__ import annotations

import os
import termios
from pathlib import Path

import anyio
import pytest

from gateway.errors import LinkError
from gateway.simulator.pseudo_terminal import PseudoTerminal, open_pty_server
from gateway.simulator.settings import PtyLink


def open_client(path: Path | str) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


def names_in(directory: Path) -> list[str]:
    return [entry.name for entry in directory.iterdir()]


async def read(client: int) -> bytes:
    with anyio.fail_after(10):
        await anyio.wait_readable(client)
    return os.read(client, 4096)


async def test_every_byte_passes_unchanged_in_both_directions() -> None:
    everything = bytes(range(256))
    async with PseudoTerminal() as terminal:
        client = open_client(terminal.device)
        try:
            os.write(client, everything)
            received = b""
            with anyio.fail_after(10):
                while len(received) < 256:
                    received += await terminal.receive()
            assert received == everything
            await terminal.send(everything)
            received = b""
            while len(received) < 256:
                received += await read(client)
            assert received == everything
        finally:
            os.close(client)


async def test_clients_come_and_go() -> None:
    async with PseudoTerminal() as terminal:
        for number in range(20):
            client = open_client(terminal.device)
            os.write(client, b"%d" % number)
            with anyio.fail_after(10):
                assert await terminal.receive() == b"%d" % number
            assert not termios.tcgetattr(client)[3] & (termios.ECHO | termios.ICANON)
            os.close(client)
            with anyio.move_on_after(0.002) as waited:
                await terminal.receive()
            assert waited.cancelled_caught, "no hang-up between clients"


async def test_a_late_client_does_not_get_the_whole_past() -> None:
    async with PseudoTerminal() as terminal:
        for number in range(50):
            unread = terminal._unread()
            await terminal.send(b"%099d\n" % number)
            with anyio.fail_after(10):
                while terminal._unread() == unread:  # the kernel hands the bytes over in a worker of its own
                    await anyio.lowlevel.checkpoint()
        client = open_client(terminal.device)
        try:
            received = await read(client)
            assert len(received) <= 1024 + 100
            assert received.endswith(b"049\n")
        finally:
            os.close(client)


async def test_link_is_made_replaced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "analyser"
    path.symlink_to(tmp_path / "left by a run that was killed")
    async with open_pty_server(PtyLink(path), "line") as server:
        assert server.endpoint == str(path)
        os.close(open_client(path))
    assert not path.is_symlink()
    assert names_in(tmp_path) == []


async def test_link_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "analyser"
    async with open_pty_server(PtyLink(path), "line"):
        path.unlink()
        path.symlink_to("/dev/null")
    assert path.readlink() == Path("/dev/null")


@pytest.mark.parametrize("name", ["taken", "missing/analyser"])
async def test_impossible_path(name: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("data")
    with pytest.raises(LinkError, match=r"line: cannot put a link to .*; name a path"):
        async with open_pty_server(PtyLink(tmp_path / name), "line"):
            pass
    assert (tmp_path / "taken").read_text() == "data"
