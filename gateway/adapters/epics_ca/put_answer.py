"""What a client hears of its put: a status where it asked for a callback, else an error or nothing, as from base."""

from __future__ import annotations

from typing import Any

from gateway.adapters.epics_ca.engine import ca
from gateway.adapters.epics_ca.put_request import PutRefusedError

_LONGEST_TEXT = 400


def put_answer(command: Any, channel: Any, refusal: PutRefusedError | None = None) -> list[Any]:  # noqa: ANN401  caproto's
    """Messages that end a put.

    Args:
        command: The request, caproto's.
        channel: The channel it came on, caproto's.
        refusal: Why it was not carried out; None if it was.
    """
    status = ca.CAStatus.ECA_NORMAL if refusal is None else refusal.status
    if isinstance(command, ca.WriteNotifyRequest):
        return [
            channel.write(ioid=command.ioid, data_type=command.data_type, data_count=command.data_count, status=status)
        ]
    if refusal is None:
        return []
    return [ca.ErrorResponse(command, channel.cid, status=status, error_message=refusal.text[:_LONGEST_TEXT])]
