"""An EPICS database (`.db`) with the records that the Channel Access server has.

It makes a C soft IOC that looks like the gateway, to develop clients against or to compare with. The macros DTYP, SCAN
and TSE choose what fills its input records; without them they wait for device support, as the gateway waits for the
analysers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.adapters.epics_ca.described_records import DescribedRecord
from gateway.adapters.epics_ca.encoding import clipped
from gateway.adapters.epics_ca.field_table import FIELDS, Content, FieldSpec

_LONGEST_DESCRIPTION = 41  # DESC of dbCommon.dbd, its closing NUL included
_HEADER = """\
# EPICS database of site {site}: the records that analyser-gateway serves over Channel Access.
# To play with it, without an analyser: softIoc -m "SCAN=Passive,TSE=0" -d FILE
"""


def epics_database(site: str, records: Iterable[DescribedRecord]) -> str:
    """The text of the database.

    Args:
        site: Name of the site.
        records: What is served.
    """
    return "\n".join([_HEADER.format(site=_comment(site)), *("\n".join(_record(record)) + "\n" for record in records)])


def _comment(text: str) -> str:
    return " ".join(text.replace("$", "").split())


def _record(record: DescribedRecord) -> Iterator[str]:
    kind = record.reported_record_type
    yield f'record({kind}, "{record.name}") {{'
    yield '    field(DTYP, "$(DTYP=Soft Channel)")'
    for name, spec in FIELDS[kind].items():
        if spec.live or spec.given:
            continue
        content = spec.read(record)
        if content != spec.initial:
            yield f'    field({name}, "{_written(name, record, spec, content)}")'
    for alias in record.aliases:
        yield f'    alias("{alias}")'
    yield "}"


def _written(name: str, record: DescribedRecord, spec: FieldSpec, content: Content) -> str:
    text = _value(name, spec, content)
    if name == "TSE" or (name == "SCAN" and not record.is_command):
        return f"$({name}={text})"
    return text


def _value(name: str, spec: FieldSpec, content: Content) -> str:
    if isinstance(content, str):
        size = _LONGEST_DESCRIPTION if name == "DESC" else spec.size
        return _quoted(clipped(content, size).decode().rstrip())
    if spec.menu:
        return spec.menu[int(content)]
    return f"{content:.17g}" if content != int(content) else str(int(content))


def _quoted(text: str) -> str:
    """In the escapes of a quoted string of a database; EPICS base refuses what looks like a macro that is left."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$(", "(").replace("${", "{")
    return "".join(character if character.isprintable() else " " for character in escaped)
