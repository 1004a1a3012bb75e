"""What an analyser entry with `driver: modbus_table`, or a template for one, may say beside the common keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from gateway.model.channel_spec import ChannelSpec


class RegisterType(StrEnum):
    """How registers say a value."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"
    BCD16 = "bcd16"
    BCD32 = "bcd32"
    STRING = "string"
    BOOL = "bool"


class Order(StrEnum):
    """In which order the bytes of a value travel, A the most significant one of a value of two registers."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


@dataclass(frozen=True, slots=True)
class FlagSource:
    """One bit that says something of a channel or of the analyser.

    Attributes:
        at: Where it is: `coil 3`, `discrete 8`, `input 100`, `holding 0x20` or `number 40001`.
        bit: In a register, which bit; 0 is the lowest. Left out, the flag is up when the register is not 0.
        values: In a register, the numbers at which the flag is up, in place of `bit`.
        inverted: Whether it is the other way round: up where the table says 0.
    """

    at: str
    bit: int | None = None
    values: tuple[int, ...] = ()
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class FlagSources:
    """Where the status of a channel, or of the analyser, comes from. A flag is up when any of its sources is.

    Attributes:
        fault: The transducer, or the analyser, failed; the value is bad.
        maintenance: It asks for maintenance; the value stays good.
        calibrating: A calibration is in progress; the value is not that of the process.
        warming_up: Not yet at working temperature; the value is uncertain.
        invalid: The value is out of range or unusable.
        alarm1: Process alarm 1; the value stays good.
        alarm2: Process alarm 2.
        alarm3: Process alarm 3.
        alarm4: Process alarm 4.
    """

    fault: tuple[FlagSource, ...] = ()
    maintenance: tuple[FlagSource, ...] = ()
    calibrating: tuple[FlagSource, ...] = ()
    warming_up: tuple[FlagSource, ...] = ()
    invalid: tuple[FlagSource, ...] = ()
    alarm1: tuple[FlagSource, ...] = ()
    alarm2: tuple[FlagSource, ...] = ()
    alarm3: tuple[FlagSource, ...] = ()
    alarm4: tuple[FlagSource, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """How a channel may be written; it still is closed until `actions` of the analyser opens it.

    Attributes:
        lowest: Least value allowed, in the unit of the channel; a boolean needs none.
        highest: Largest value allowed.
        verify: Whether it is read back and compared.
        function: Function code, 6 or 16; left out, 6 for one register and 16 for more. A coil is written with 5.
    """

    lowest: float | None = None
    highest: float | None = None
    verify: bool = True
    function: Literal[6, 16] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChannel(ChannelSpec):
    """One value of the instrument.

    Attributes:
        unit: Engineering unit of the scaled value.
        range: Lowest and highest value expected; the OPC UA EURange and the EPICS display limits.
        instrument_range: Lowest and highest value that the instrument can show. A value at one of its ends counts as
            clamped, except at an end that is 0.
        precision: Decimals worth showing.
        description: One line for people.
        limits: Alarm limits in `unit`.
        out_of_service: True while the channel is not to be used, whatever the instrument says of it.
        technology: How the channel measures; left out, it is not known.
        tag: Name of the signal in the plant.
        at: Where it is: `input 0`, `holding 0x20`, `coil 3`, `discrete 8`, or in the data model `number 40001`.
        type: How its registers say it; a coil or discrete input is a bool without saying so.
        order: Order of its bytes; left out, that of the analyser for types of two or four registers, and high byte
            first for the others.
        length: Characters of a string, two per register.
        bit: Of a bool in a register, which bit; 0 is the lowest.
        scale: What the number in the registers is multiplied with.
        offset: What is added after that.
        no_data: Numbers by which the instrument says that it has no value, before scaling. Of a whole number the bits
            count, so 0x8000 and -32768 are the same s16. NaN and infinity never are values.
        texts: Number to its text; the channel is then a text.
        every_s: Seconds between reads of something slow; left out, it is read in every sweep.
        once: Whether it is read only after a start and after every loss of communication.
        status: Flags of this channel.
        write: How it may be written.
    """

    unit: str = ""
    at: str = ""
    type: RegisterType | None = None
    order: Order | None = None
    length: int | None = None
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    no_data: tuple[int | float, ...] = ()
    texts: Mapping[int, str] = field(default_factory=dict)
    every_s: float | None = None
    once: bool = False
    status: FlagSources = field(default_factory=FlagSources)
    write: WriteSpec | None = None


@dataclass(frozen=True, slots=True)
class ModbusTableSettings:
    """Any Modbus instrument by its register table.

    Attributes:
        channels: What to serve, by name; with a template, what is different from it or beyond it.
        address: Modbus address, 1 to 247; on Modbus TCP up to 255.
        template: File with the table of this model, beside the settings file, or the name of one that is shipped.
        only: Out of `channels`, those of the template included, the ones to serve; left out, all.
        drop: Out of `channels`, those not to serve.
        manufacturer: Maker of the instrument.
        instrument: Its model.
        source: Where the table is from.
        first_address: What the table calls the first entry: 0 for addresses as they travel, 1 for a table that counts
            from 1. A `number` such as 40001 is not touched by it.
        order: Order of the bytes in types of two and four registers: `ABCD`, `CDAB`, `BADC` or `DCBA`.
        gaps: Whether one read may go over addresses that are not in the table: `allowed` makes fewer reads.
        largest_read: Most registers that the instrument gives in one read; bits, sixteen times as many.
        status: Flags of the whole instrument; those of a fault and of maintenance hold for all its channels.
    """

    channels: Mapping[str, TableChannel] = field(default_factory=dict)
    address: int = 1
    template: str = ""
    only: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    manufacturer: str = ""
    instrument: str = ""
    source: str = ""
    first_address: Literal[0, 1] = 0
    order: Order = Order.ABCD
    gaps: Literal["none", "allowed"] = "none"
    largest_read: int = 125
    status: FlagSources = field(default_factory=FlagSources)

    @property
    def served(self) -> dict[str, TableChannel]:
        """The channels that are left of `channels`, in their order."""
        return {
            name: channel
            for name, channel in self.channels.items()
            if (not self.only or name in self.only) and name not in self.drop
        }
