"""Does a gateway of this site run already? Then its wires must be left alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

import anyio

from gateway.control.client import NotRunningError, ask
from gateway.control.socket_path import running_path
from gateway.errors import GatewayError
from gateway.selftest.finding import Finding, failed, passed
from gateway.selftest.subject import Subject

_ANSWER_S = 5.0


async def check(subject: Subject) -> Sequence[Finding]:
    """Say something to its control socket; whatever it answers, it is there."""
    site = subject.settings.site
    path = running_path(site)
    with anyio.move_on_after(_ANSWER_S):
        try:
            async with aclosing(ask(path, "selftest")) as answers:
                await anext(answers, None)
        except NotRunningError:
            return [passed(f"no gateway of site {site} runs under this user")]
        except GatewayError:
            pass  # such as: there is no such verb
    subject.wires_taken = True
    remedy = "stop it and test again, or ask it with `health` and `explain`; its wires were left alone"
    return [failed(f"a gateway of site {site} is running ({path})", remedy)]
