"""Every error of the gateway says what happened, where, and what to do about it.

Leaves are named by who must act: the author of the settings, whoever looks after the wire, the analyser, or the
server side. Raw bytes of the exchange may be attached; they are cut to a bound so that noise cannot fill a log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

RAW_BYTES_KEPT = 96


class GatewayError(Exception):
    """Root of all errors raised on purpose.

    Args:
        what: One sentence, what went wrong.
        where: The place: file and line, bus, analyser, register, file offset.
        hint: What the reader can do about it.
        raw: Bytes of the exchange, cut to `RAW_BYTES_KEPT`.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", raw: bytes = b"") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.raw = raw[:RAW_BYTES_KEPT]

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.raw:
            text += f" [{self.raw.hex(' ')}]"
        return f"{text}; {self.hint}" if self.hint else text


class InputError(GatewayError):
    """What the user gave cannot be used: a missing file, an impossible option."""


class SettingsError(InputError):
    """The settings file asks for something that cannot be done; `problems` lists every finding.

    Args:
        problems: What is wrong, each with its remedy behind a semicolon.
        keys: For each of them, the key below the section in question; empty where that is the section itself.
    """

    def __init__(self, problems: list[str], keys: Sequence[tuple[str, ...]] = ()) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.keys = tuple(keys) or ((),) * len(problems)


class LinkError(GatewayError, ConnectionError):
    """The wire itself is gone or cannot be opened (port missing, connection refused, cable pulled)."""


class DeviceTimeoutError(GatewayError, TimeoutError):
    """The analyser did not answer in time. A damaged request or answer looks the same on Modbus."""


class DeviceDemotedError(DeviceTimeoutError):
    """The analyser was not asked, so that its silence does not slow the others on its wire."""


class ProtocolError(GatewayError, ValueError):
    """Bytes came, but they do not say what the protocol allows."""


class DamagedAnswerError(ProtocolError):
    """Bytes came in answer to a request, but no whole frame: wrong CRC or LRC, noise, or half an answer."""


class DeviceRefusedError(GatewayError):
    """The analyser answered with a Modbus exception.

    Attributes:
        code: The exception code (1 illegal function, 2 illegal data address, 3 illegal data value, ...).
    """

    def __init__(self, what: str, *, code: int, where: str = "", hint: str = "", raw: bytes = b"") -> None:
        super().__init__(what, where=where, hint=hint, raw=raw)
        self.code = code


class AdapterError(GatewayError):
    """A northbound server cannot start or go on (port in use, bad certificate)."""


class ActionRefusedError(GatewayError):
    """An action that is not open, not confirmed or not authorised; nothing was sent to the analyser."""


class ActionNotNowError(ActionRefusedError):
    """An action that would be allowed, but not at this moment: another one is under way, or the analyser is away."""


class LoginRefusedError(GatewayError):
    """Somebody could not prove to be a user. The words are for the audit log; the client only learns that it failed."""


class LoginBusyError(LoginRefusedError):
    """The password was not looked at, because too many others are waiting."""


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions inside of a group, at any depth; one that is no group is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from leaves(member)
    else:
        yield error
