"""May this process open enough files? Every client takes one."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gateway.selftest.finding import Finding, passed, skipped, warned
from gateway.selftest.subject import Subject

_OWN = 64
"""Interpreter, event loop, logs and listening sockets, generously."""

_FEW_CLIENTS = 200


async def check(subject: Subject) -> Sequence[Finding]:
    """Compare the soft limit with what buses and clients need."""
    if sys.platform == "win32":
        return [skipped("this system has no such limit")]
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return [passed("no limit")]
    clients = max(0, limit - _OWN - len(subject.buses))
    if clients < _FEW_CLIENTS:
        return [warned(f"a limit of {limit} leaves room for {clients} clients", "raise it: `ulimit -n`, LimitNOFILE=")]
    return [passed(f"a limit of {limit} leaves room for {clients} clients")]
