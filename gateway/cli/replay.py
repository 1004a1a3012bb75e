"""`analyser-gateway replay`: a capture as the device it was taken from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import anyio

from gateway.capture.capture_file import CaptureFile, is_capture
from gateway.capture.captured_exchanges import captured_exchanges
from gateway.capture.events import CapturedEvent, EventKind
from gateway.capture.recorded_answers import RecordedAnswers
from gateway.capture.replayed_broadcast import ReplayedBroadcast
from gateway.capture.replayed_modbus import ReplayedModbus
from gateway.cli.decode import raw_pieces
from gateway.cli.signals import run_until_signal
from gateway.drivers.servomex4100.frame_times import timed_lines
from gateway.errors import InputError
from gateway.model.readings import ProtocolKind
from gateway.simulator.line import Server
from gateway.simulator.settings import PtyLink, TcpLink
from gateway.simulator.tcp_server import open_tcp_server
from gateway.streaming.clock import SystemClock

_LAST_BYTES_S = 1.0
_log = logging.getLogger("gateway.replay")


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How to replay.

    Attributes:
        listen: `host:port` of a TCP server.
        pty: Path of a pseudo-terminal instead, None for the TCP server.
        speed: Factor by which time runs faster than recorded; 0 for as fast as asked.
        loop: Begin a broadcast again after its end.
        interval_s: From one line to the next of raw bytes, None to go by the analyser's clock in them.
    """

    listen: str = "127.0.0.1:0"
    pty: Path | None = None
    speed: float = 1.0
    loop: bool = False
    interval_s: float | None = None


def replay_file(path: Path, options: ReplayOptions) -> None:
    """Replay until a signal comes, or until a broadcast is over.

    Raises:
        InputError: The file or an option cannot be used; nothing was started.
        LinkError: The port or the terminal cannot be opened.
    """
    protocol, player, what = _player(path, options)
    link = _link(options, protocol)

    async def work(stop: anyio.Event) -> None:
        async with _server(link, str(path)) as server, anyio.create_task_group() as tasks:
            _log.info("%s on %s: %s; stop with Ctrl-C", protocol, server.endpoint, what)
            tasks.start_soon(server.serve, player.attend)
            tasks.start_soon(_play, player, stop)
            await stop.wait()
            tasks.cancel_scope.cancel()

    anyio.run(run_until_signal, work, backend="asyncio")
    _log.info("stopped")


async def _play(player: ReplayedBroadcast | ReplayedModbus, stop: anyio.Event) -> None:
    await player.run()
    _log.info("the recording is over")
    await anyio.sleep(_LAST_BYTES_S)  # clients are still reading
    stop.set()


def _player(path: Path, options: ReplayOptions) -> tuple[ProtocolKind, ReplayedBroadcast | ReplayedModbus, str]:
    """The protocol, what plays it, and what was recorded in words."""
    clock = SystemClock()
    capture = CaptureFile(path) if is_capture(path) else None
    if capture is not None and options.interval_s is not None:
        raise InputError("--interval is for raw bytes; a capture has times", where=str(path), hint="leave it out")
    if capture is not None and capture.header.protocol is not ProtocolKind.CONTINUOUS:
        answers = RecordedAnswers(capture.header.protocol, captured_exchanges(capture))
        _require(len(answers), "request", path)
        what = f"{answers.count} recorded answers to {len(answers)} different requests"
        return capture.header.protocol, ReplayedModbus(capture.header.protocol, answers, options.speed, clock), what

    def raw_events() -> Iterator[CapturedEvent]:
        for seconds, line in timed_lines(raw_pieces(path), options.interval_s):
            yield CapturedEvent(EventKind.RECEIVED, 0, round(seconds * 1e6), line)

    events: Callable[[], Iterable[CapturedEvent]] = raw_events if capture is None else capture.events
    size = last_us = 0
    for event in events():
        size, last_us = size + len(event.data), event.offset_us
    _require(size, "byte", path)
    player = ReplayedBroadcast(events, speed=options.speed, loop=options.loop, clock=clock)
    return ProtocolKind.CONTINUOUS, player, f"{size} recorded bytes of {last_us / 1e6:.0f} s"


def _require(count: int, what: str, path: Path) -> None:
    if not count:
        raise InputError(f"there is no {what} in it that could be replayed", where=str(path), hint="capture again")


def _link(options: ReplayOptions, protocol: ProtocolKind) -> TcpLink | PtyLink:
    if options.pty is not None:
        if protocol is ProtocolKind.MODBUS_TCP:
            raise InputError("--pty: Modbus TCP needs a network", hint="use --listen")
        return PtyLink(options.pty)
    host, _, port = options.listen.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise InputError(f"--listen: '{options.listen}' is not host:port", hint="give one such as 127.0.0.1:5330")
    return TcpLink(host.strip("[]"), int(port))


def _server(link: TcpLink | PtyLink, where: str) -> AbstractAsyncContextManager[Server]:
    if isinstance(link, TcpLink):
        return open_tcp_server(link, where)
    # Pseudo-terminals exist on POSIX systems only.
    from gateway.simulator.pseudo_terminal import open_pty_server

    return open_pty_server(link, where)
