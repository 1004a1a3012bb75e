"""Made-up instrument states, written as continuous frames and as Modbus tables independently of the gateway's code."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from hypothesis import strategies as st

SLOT_IDS = ("I1", "I2", "I3", "I4", "D1", "D2", "D3", "D4", "E1", "E2")


@dataclass(frozen=True)
class Channel:
    id: str
    name: str = "||||||"
    value: str = "0.0"
    unit: str = " % "
    alarms: str = "    "
    failed: bool = False
    maintenance: bool = False
    calibrating: bool = False
    warming_up: bool = False


@dataclass(frozen=True)
class State:
    channels: tuple[Channel, ...]
    clock: str = "09-08-31;17:45:06"
    failed: bool = False
    maintenance: bool = False
    groups: str = "S1S1S1S1"


def sealed(body: bytes, end: bytes = b"\r\n") -> bytes:
    total = 0
    for byte in body:
        total = (total + byte) % 65536
    return b" " + body + f"{total:04X};".encode() + end


def frame(state: State, end: bytes = b"\r\n") -> bytes:
    text = f"{state.clock};{'F' if state.failed else ' '}{'M' if state.maintenance else ' '};{state.groups};"
    text += f"{len(state.channels):02d};"
    for channel in state.channels:
        flags = f"{'F' if channel.failed else ' '}{'M' if channel.maintenance else ' '}"
        calibrating, warming_up = "C" if channel.calibrating else " ", "W" if channel.warming_up else " "
        text += f"{channel.id};{channel.name:<6};{channel.value:>6};{channel.unit};{channel.alarms};"
        text += f"{flags};{calibrating};{warming_up};"
    return sealed(text.encode("latin-1"), end)


def registers(state: State) -> list[int]:
    image = [0] * 70
    for channel in state.channels:
        name = "CO\x82" if channel.name == "CO2" else channel.name
        number = float("nan") if "--" in channel.value else float(channel.value)
        block = struct.pack(">f", number) + f"{name:<6}{channel.unit}\0".encode("latin-1")
        start = 7 * SLOT_IDS.index(channel.id)
        image[start : start + 7] = struct.unpack(">7H", block)
    return image


def slot_bits(state: State) -> list[int]:
    image = [0] * 80
    for channel in state.channels:
        states = [channel.failed, channel.maintenance, channel.calibrating, channel.warming_up]
        start = 8 * SLOT_IDS.index(channel.id)
        image[start : start + 8] = [int(up) for up in (*states, *(alarm != " " for alarm in channel.alarms))]
    return image


def analyser_bits(state: State) -> list[int]:
    image = [int(state.failed), int(state.maintenance), 0, 0, 0, 0, 0, 0]
    for letter, gas in zip(state.groups[::2], state.groups[1::2], strict=True):
        image += [int(letter == "C"), int(gas == "2")]
    return image


EXTERNALS = (Channel("E1", unit=" mA"), Channel("E2", value="7.5", unit=" mA"))
FIVE = State(
    (
        Channel("I1", "Methan", "31.416"),
        Channel("I2", "N2O", "  271 ", "vpm"),
        Channel("I3", "CO2", "-0.125"),
        *EXTERNALS,
    )
)


def six_states() -> list[State]:
    """Six frames: idle, an alarm, a transducer that failed, a calibration, an unusable input, an unset clock."""
    first, second, third, *externals = FIVE.channels
    return [
        FIVE,
        replace(FIVE, clock="09-08-31;17:45:08", channels=(replace(first, alarms="1 3 "), second, third, *externals)),
        replace(
            FIVE,
            clock="09-08-31;17:45:10",
            failed=True,
            channels=(first, replace(second, value="----", failed=True), third, *externals),
        ),
        replace(
            FIVE,
            clock="09-08-31;17:45:13",
            groups="S1C2S1S1",
            channels=(first, second, replace(third, calibrating=True, warming_up=True), *externals),
        ),
        replace(
            FIVE,
            clock="09-08-31;17:45:15",
            maintenance=True,
            channels=(first, second, third, replace(externals[0], failed=True), externals[1]),
        ),
        replace(FIVE, clock="00-00-00;99:99:99"),
    ]


def clean_recording() -> bytes:
    return b"".join(frame(state, b"\n") for state in six_states())


def damaged_recording() -> bytes:
    """A tail at the start, good frames with every kind of damage between them, and an unfinished end."""
    good = [frame(state) for state in six_states()]
    flipped = good[1].replace(b"Methan", b"Methao")
    miscounted = sealed(good[2][1:-7].replace(b";05;", b";06;", 1))
    return b"".join((good[0][100:], good[0], flipped, good[1], b"\xff" * 700, b"\n", good[2], miscounted, good[3][:90]))


_GLYPHS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != ";")
_flags = st.sampled_from(["    ", "1   ", " 2  ", "1 3 ", "1234"])


@st.composite
def _numbers(draw: st.DrawFn) -> str:
    decimals = draw(st.integers(0, 4))
    digits = draw(st.integers(0, 99999 if decimals == 0 else 9999))
    return f"{draw(st.sampled_from(['', '-']))}{digits / 10**decimals:.{decimals}f}"[:6].rstrip(".")


@st.composite
def states(draw: st.DrawFn) -> State:
    """States that both wire modes can express: three to seven channels, D states equal to their transducer's."""
    names = st.one_of(st.sampled_from(["||||||", "CO2", "Oxygen"]), st.text(_GLYPHS, max_size=6))
    units = st.sampled_from([" % ", "vpm", "ppm", " mA", "mg ", "   "])
    booleans = st.booleans()
    inner = draw(st.lists(st.sampled_from(SLOT_IDS[:8]), min_size=1, max_size=5, unique=True))
    made: dict[str, Channel] = {}
    for identity in sorted(inner, key=SLOT_IDS.index):
        channel = Channel(
            identity,
            draw(names),
            draw(st.one_of(_numbers(), st.just(" ---- "))),
            draw(units),
            draw(_flags),
            *(draw(booleans) for _ in range(4)),
        )
        parent = made.get(f"I{identity[1]}")
        if identity[0] == "D" and parent is not None:
            shared = ("failed", "maintenance", "calibrating", "warming_up")
            channel = replace(channel, **{field: getattr(parent, field) for field in shared})
        made[identity] = channel
    externals = [
        Channel(identity, draw(names), draw(_numbers()), " mA", draw(_flags), draw(booleans))
        for identity in ("E1", "E2")
    ]
    groups = "".join(draw(st.sampled_from(["S1", "S2", "C1", "C2"])) for _ in range(4))
    return State((*made.values(), *externals), failed=draw(booleans), maintenance=draw(booleans), groups=groups)
