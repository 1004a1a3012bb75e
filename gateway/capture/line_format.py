"""Lines of a capture file, both ways; the format is described in docs/explanation/capture-format.md.

```
# analyser-gateway capture 1 {"bus": "flue", "link": "/dev/ttyUSB0", "protocol": "modbus-rtu", ...}
2026-03-02T09:14:00.102345Z 0.250123 > 1e0400640001727a  |....d..rz|
2026-03-02T09:14:00.132345Z 0.280119 < 1e8402f307  |.....|
```
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from gateway.capture.events import CapturedEvent, CaptureHeader, EventKind
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp

VERSION = 1
MAGIC = "# analyser-gateway capture "
"""Beginning of a header line."""

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
_EVENT = re.compile(
    rf"({_TIME}) (\d{{1,12}})\.(\d{{6}}) "
    r"(?:(?P<way>[<>]) (?P<hex>(?:[0-9a-f]{2})+)|(?P<state>open|close)|lost (?P<lost>[1-9]\d{0,11}))(?: .*)?",
    re.ASCII,
)
_HEADER = re.compile(rf"{MAGIC}(\d+) (\{{.*\}})")


def encode_header(header: CaptureHeader) -> str:
    """The header as a line without its end."""
    fields = {
        "bus": header.bus,
        "link": header.link,
        "protocol": header.protocol,
        "baudrate": header.baudrate,
        "bytesize": header.bytesize,
        "parity": header.parity,
        "stopbits": header.stopbits,
        "started": _time_text(header.started_us),
        "drivers": {str(address): driver for address, driver in header.drivers.items()},
    } | ({"listening": True} if header.listening else {})
    return f"{MAGIC}{VERSION} {json.dumps(fields)}"


def parse_header(line: str) -> CaptureHeader:
    """Read a header line. Keys that this version does not know are passed over.

    Raises:
        ValueError: It is none, or one of a later version; the message says which.
    """
    found = _HEADER.fullmatch(line)
    if found is None:
        raise ValueError("no header of a capture")
    if int(found[1]) != VERSION:
        raise ValueError(f"a capture of version {found[1]}, this program reads version {VERSION}")
    try:
        fields = json.loads(found[2])
        return CaptureHeader(
            bus=str(fields["bus"]),
            link=str(fields["link"]),
            protocol=ProtocolKind(fields["protocol"]),
            baudrate=int(fields["baudrate"]),
            bytesize=int(fields["bytesize"]),
            parity=str(fields["parity"]),
            stopbits=int(fields["stopbits"]),
            started_us=_unix_us(fields["started"]),
            drivers={int(address): str(driver) for address, driver in fields.get("drivers", {}).items()},
            listening=bool(fields.get("listening", False)),
        )
    except KeyError as error:
        raise ValueError(f"the header has no {error}") from error
    except (json.JSONDecodeError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"the header is damaged: {error}") from error


def encode_event(event: CapturedEvent) -> str:
    """One event as a line without its end."""
    seconds, micros = divmod(event.offset_us, 1_000_000)
    start = f"{_time_text(event.unix_us)} {seconds}.{micros:06d} {event.kind}"
    if event.kind in (EventKind.SENT, EventKind.RECEIVED):
        return f"{start} {event.data.hex()}  |{_printable(event.data)}|"
    return f"{start} {event.lost}" if event.kind is EventKind.LOST else start


def parse_event(line: str) -> CapturedEvent:
    """Read an event line. What follows the bytes, the number or the word after a space is a comment.

    Raises:
        ValueError: It is none.
    """
    found = _EVENT.fullmatch(line)
    if found is None:
        raise ValueError("no event of a capture")
    unix_us, offset_us = _unix_us(found[1]), int(found[2]) * 1_000_000 + int(found[3])
    if found["way"]:
        return CapturedEvent(EventKind(found["way"]), unix_us, offset_us, bytes.fromhex(found["hex"]))
    if found["state"]:
        return CapturedEvent(EventKind(found["state"]), unix_us, offset_us)
    return CapturedEvent(EventKind.LOST, unix_us, offset_us, lost=int(found["lost"]))


def _time_text(unix_us: int) -> str:
    return Stamp(0, unix_us).utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _unix_us(text: str) -> int:
    if not re.fullmatch(_TIME, text, re.ASCII):
        raise ValueError(f"'{text}' is no UTC time with microseconds")
    return Stamp.from_utc(datetime.fromisoformat(text), 0).unix_us


def _printable(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
