"""A silent name server must not hold up anything."""

from __future__ import annotations

import socket
import threading
from typing import Any

import anyio
import pytest

from gateway.wire.name_lookup import address_of


async def test_addresses_need_no_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "getaddrinfo")
    assert await address_of("127.0.0.1", 502) == "127.0.0.1"
    assert await address_of("::1", 502) == "::1"


async def test_names_are_looked_up() -> None:
    assert await address_of("localhost", 502) in ("127.0.0.1", "::1")


async def test_a_name_without_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OSError, match="not known"):
        await address_of("nobody.invalid", 502)


async def test_cancellation_does_not_wait_for_the_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = threading.Event(), threading.Event()

    def silent(*_arguments: Any, **_options: Any) -> list[Any]:
        asked.set()
        answer.wait(20)
        return [(2, 1, 6, "", ("192.0.2.1", 502))]

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with anyio.fail_after(10), anyio.move_on_after(0.05) as scope:
        await address_of("slow.invalid", 502)
    assert scope.cancelled_caught
    assert asked.is_set()
    lookers = [thread for thread in threading.enumerate() if thread.name == "look up slow.invalid"]
    assert [thread.daemon for thread in lookers] == [True]
    answer.set()
    lookers[0].join(10)
