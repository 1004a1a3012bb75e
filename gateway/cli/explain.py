"""`analyser-gateway explain`."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TextIO

import anyio

from gateway.cli.find_point import find_point
from gateway.cli.point_origin import where_from
from gateway.control.client import NotRunningError, ask
from gateway.control.socket_path import running_path
from gateway.errors import GatewayError
from gateway.export.explanation import Explanation, What, as_json, as_text
from gateway.runtime.explain import LivePoint
from gateway.settings.load import load_settings

FORMATS = {"text": as_text, "json": as_json}
_ANSWER_S = 5.0


def explain_point(config: Path, name: str, output: str, out: TextIO) -> bool:
    """Write one page about one point.

    Args:
        config: Settings of the gateway, whether it runs or not.
        name: PV name, NodeId, or `analyser/path`.
        output: A key of `FORMATS`.
        out: Where the page goes.

    Returns:
        False when a running gateway did not answer as it should; then the page says why.

    Raises:
        SettingsError: The settings cannot be used.
        InputError: There is no such point.
    """
    settings = load_settings(config)
    point = find_point(settings, name, config)
    what = What.of(point.device.name, point.spec, point.names)
    now, unknown, well = anyio.run(_ask, settings.site, what.point, backend="asyncio")
    out.write(FORMATS[output](Explanation(what, where_from(settings, point), now, unknown)))
    return well


async def _ask(site: str, point: str) -> tuple[LivePoint | None, str, bool]:
    unknown = f"the running gateway gave no answer within {_ANSWER_S:g} s"
    with anyio.move_on_after(_ANSWER_S):
        try:
            async with aclosing(ask(running_path(site), "explain", point=point)) as answers:
                async for answer in answers:
                    return LivePoint.from_json(answer), "", True
        except NotRunningError as error:
            return None, f"{error.what}; {error.hint}", True
        except GatewayError as error:
            unknown = str(error)
    return None, unknown, False
