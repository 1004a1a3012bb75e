"""Can the servers have the ports that the settings give them?"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence

import anyio.to_thread

from gateway import registry
from gateway.ports import SelfReadingKind
from gateway.selftest.finding import Finding, failed, passed, skipped
from gateway.selftest.subject import Subject

_REMEDIES = {
    errno.EADDRINUSE: "is the gateway running? stop it, or use `health`; otherwise set another `port`",
    errno.EACCES: "set a port of 1024 or more",
    errno.EADDRNOTAVAIL: "write an address of this machine; 0.0.0.0 takes all",
}


async def check(subject: Subject) -> Sequence[Finding]:
    """Take each TCP port for a moment, without listening on it."""
    findings: list[Finding] = []
    for name, section in subject.settings.adapters.items():
        kind = registry.adapter(name)
        if not isinstance(kind, SelfReadingKind):
            findings.append(skipped(f"{name} does not tell on which ports it listens"))
            continue
        try:
            addresses = kind.listening(section)
        except ValueError as error:
            findings.append(failed(f"{name}: the environment names no port: {error}", "correct the EPICS_CA variables"))
            continue
        findings += [await anyio.to_thread.run_sync(_try, name, host, port) for host, port in addresses]
    return findings


def _try(adapter: str, host: str, port: int) -> Finding:
    where = f"{adapter}: port {port} on {host}" if port else f"{adapter}: some port on {host}"
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family, kind, protocol) as taken:
            if os.name == "posix":  # as the servers do: a port just given up is free
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "correct `host` or `interfaces`")
        return failed(f"{where} cannot be had: {error.strerror or error}", remedy)
    return passed(f"{where} is free")
