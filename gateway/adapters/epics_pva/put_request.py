"""What a client writes: the value of a put, and who wrote it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from p4p import Value

from gateway.model.asker import Asker, claimed_user

if TYPE_CHECKING:
    from p4p.server.raw import ServerOperation

    from gateway.model.actions import ArgumentValue

_MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class PutRequest:
    """One put.

    Attributes:
        pv: Name that the client used.
        asker: Address of the peer's socket, and the account that the client claims.
        value: What it wrote; an index for an enum, None for no number and no array of numbers.
        shown: The same in a few words for people.
    """

    pv: str
    asker: Asker
    value: ArgumentValue | None
    shown: str


def put_request(operation: ServerOperation) -> PutRequest:
    """Look at a put."""
    host, _, _port = operation.peer().rpartition(":")
    asker = Asker(host.strip("[]"), claimed_user(operation.account()))
    written = _written(operation.value())
    if isinstance(written, np.ndarray) and written.dtype == np.float64:
        numbers = ", ".join(map(str, written[:_MOST_SHOWN].tolist()))
        shown = f"{written.size} values [{numbers}{', ...' if written.size > _MOST_SHOWN else ''}]"
        return PutRequest(operation.name(), asker, np.ascontiguousarray(written).data.toreadonly(), shown)
    if isinstance(written, int | float):
        return PutRequest(operation.name(), asker, written, str(written))
    shown = json.dumps(written, ensure_ascii=False) if isinstance(written, str) else "no value"
    return PutRequest(operation.name(), asker, None, shown)


def _written(content: Value) -> object:
    """The value in what a client sent; None where there is none, whatever else it wrote."""
    name = "value.index" if content.has("value.index") else "value"
    return content[name] if content.has(name) and content.changed(name) else None
