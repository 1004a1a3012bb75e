"""Puts on their way into the audit log: who wrote what where, and what became of it."""

from __future__ import annotations

from gateway.adapters.epics_ca.access_rules import Grant
from gateway.adapters.epics_ca.put_request import shown_value
from gateway.model.access import Access, AccessRecord
from gateway.model.asker import Asker

_PROTOCOL = "epics_ca"


def put_record(
    asker: Asker, pv: str, request: tuple[int, int, bytes], grant: Grant, group: str, refusal: str = ""
) -> AccessRecord:
    """The line about one put.

    Args:
        asker: Who wrote; nothing proves the user's name.
        pv: Name of the channel.
        request: DBR type, number of elements and payload.
        grant: What the rules allow there.
        group: Access security group of the PV.
        refusal: Why it was refused; empty if it was not.
    """
    detail = f"{pv} = {shown_value(*request)}"
    if refusal:
        return AccessRecord(Access.PUT_REFUSED, _PROTOCOL, asker.host, asker.user, "", f"{detail}: {refusal}")
    if grant.rule:
        detail += f", allowed by rule {grant.rule} of {group}{', TRAPWRITE' if grant.trapwrite else ''}"
    return AccessRecord(Access.PUT, _PROTOCOL, asker.host, asker.user, "", detail)
