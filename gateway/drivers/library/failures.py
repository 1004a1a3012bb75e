"""What has gone wrong in a library, judged by the names of its exceptions: the families share suffixes, not bases."""

from __future__ import annotations

from enum import Enum, auto

from gateway.errors import DeviceTimeoutError, GatewayError, LinkError, ProtocolError, leaves

LONGEST_TEXT = 400
"""Characters of a library's own words that a message repeats."""

_CONTEXT = ("port", "address", "command_name", "board", "operation", "channel", "ni_error_code", "ecode")


class Cause(Enum):
    """What kind of failure it is, and so what can be done about it."""

    CONNECTION = auto()
    """The instrument is gone: open it again."""
    TIMEOUT = auto()
    """It has not answered: it may next time."""
    PERMANENT = auto()
    """The settings or the installation must change first."""
    REFUSED = auto()
    """The library wants a confirmation that only a person can give."""
    OTHER = auto()


_SUFFIXES = (
    ("ConfirmationRequiredError", Cause.REFUSED),
    ("ConnectionError", Cause.CONNECTION),
    ("TimeoutError", Cause.TIMEOUT),
    ("ValidationError", Cause.PERMANENT),
    ("ConfigurationError", Cause.PERMANENT),
    ("CapabilityError", Cause.PERMANENT),
    ("DependencyError", Cause.PERMANENT),
)
_PYTHONS_OWN = (AttributeError, ImportError, NotImplementedError, TypeError, ValueError)
"""Raised while a recording is opened, they say that the call does not fit the library."""


def cause_of(error: object) -> Cause:
    """By the suffix of the most derived class that has one of those that the families share."""
    for cls in type(error).__mro__:
        for suffix, cause in _SUFFIXES:
            if cls.__name__.endswith(suffix):
                return cause
    return Cause.CONNECTION if isinstance(error, OSError | EOFError) else Cause.OTHER


def is_permanent(error: BaseException, *, opening: bool) -> bool:
    """Whether asking again at once cannot help.

    Args:
        error: What was raised, perhaps a group.
        opening: Whether no payload had come before.
    """
    return any(
        cause_of(leaf) in (Cause.PERMANENT, Cause.REFUSED) or (opening and isinstance(leaf, _PYTHONS_OWN))
        for leaf in leaves(error)
    )


def said_by(error: object) -> str:
    """An error in words: its class, its message, and what its context adds to that."""
    text = " ".join(str(error).split())
    context = getattr(error, "context", None)
    told = [(name, getattr(context, name, None)) for name in _CONTEXT]
    more = ", ".join(f"{name} {value}" for name, value in told if value is not None and str(value) not in text)
    name = type(error).__name__
    return f"{name}: {text}{f' ({more})' if more else ''}"[:LONGEST_TEXT] if text or more else name


def raised(error: BaseException, device: str, *, opening: bool) -> LinkError:
    """What a library has raised, for the log and for the quality of the values."""
    first = next(leaves(error), error)
    notes = getattr(first, "__notes__", None) or getattr(error, "__notes__", None) or ()
    what = said_by(first) + "".join(f", {note}" for note in notes)
    if cause_of(first) is Cause.REFUSED:
        hint = "the library asks for a confirmation; give it in the arguments, if it is meant"
    elif is_permanent(error, opening=opening):
        hint = "correct the settings; it is tried again once a minute"
    else:
        hint = ""
    return LinkError(what, where=device, hint=hint)


def told(error: object, device: str) -> GatewayError:
    """What a payload says of a failure."""
    what = "nothing could be read, and the library does not say why" if error is None else said_by(error)
    match cause_of(error):
        case Cause.CONNECTION:
            return LinkError(what, where=device)
        case Cause.TIMEOUT:
            return DeviceTimeoutError(what, where=device)
        case _:
            return ProtocolError(what, where=device)
