"""The names of exceptions say what can be done about them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gateway.drivers.library.failures import Cause, cause_of, is_permanent, raised, told
from gateway.errors import DeviceTimeoutError, LinkError, ProtocolError


def made(name: str, *bases: type[Exception]) -> type[Exception]:
    return type(name, bases or (Exception,), {})


FAMILY = made("FujiError")
TRANSPORT = made("FujiTransportError", FAMILY)
MODBUS = made("FujiModbusError", FAMILY)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (made("FujiConnectionError", TRANSPORT)(), Cause.CONNECTION),
        (made("FujiModbusTimeoutError", made("FujiTimeoutError", TRANSPORT), MODBUS)(), Cause.TIMEOUT),
        (made("PortBusyError", made("NIDaqConnectionError"))(), Cause.CONNECTION),
        (made("WatlowValidationError")(), Cause.PERMANENT),
        (made("AlicatConfigurationError")(), Cause.PERMANENT),
        (made("DtolCapabilityError")(), Cause.PERMANENT),
        (made("DtolDependencyError", ImportError)(), Cause.PERMANENT),
        (made("DtolConfirmationRequiredError")(), Cause.REFUSED),
        (FAMILY(), Cause.OTHER),
        (TimeoutError(), Cause.TIMEOUT),
        (ConnectionResetError(), Cause.CONNECTION),
        (OSError(5, "Input/output error"), Cause.CONNECTION),
        ("no exception at all", Cause.OTHER),
    ],
    ids=lambda value: type(value).__name__,
)
def test_suffixes_decide(error: object, cause: Cause) -> None:
    assert cause_of(error) is cause


def test_what_python_raises_is_permanent_only_before_anything_came() -> None:
    assert is_permanent(TypeError("unexpected keyword argument"), opening=True)
    assert not is_permanent(TypeError("unexpected keyword argument"), opening=False)
    assert is_permanent(ExceptionGroup("", [made("WatlowValidationError")()]), opening=False)
    assert not is_permanent(made("FujiConnectionError")(), opening=True)


def test_the_message_has_the_context_the_call_and_the_remedy() -> None:
    error = made("FujiValidationError")("no such  gas\nhere")
    error.context = SimpleNamespace(port="/dev/ttyUSB0", address=1, channel=None)  # type: ignore[attr-defined]
    error.add_note("raised by fujilib:record in record")
    link = raised(ExceptionGroup("group", [error]), "flue", opening=True)
    assert str(link) == (
        "flue: FujiValidationError: no such gas here (port /dev/ttyUSB0, address 1), raised by fujilib:record in record"
        "; correct the settings; it is tried again once a minute"
    )
    confirm = made("DtolConfirmationRequiredError")("output needs confirm=True")
    assert "confirmation" in raised(confirm, "rig", opening=True).hint


def test_a_context_that_the_message_has_is_not_said_twice() -> None:
    error = made("FujiConnectionError")("cannot open /dev/ttyUSB0")
    error.context = SimpleNamespace(port="/dev/ttyUSB0")  # type: ignore[attr-defined]
    assert raised(error, "flue", opening=True).what == "FujiConnectionError: cannot open /dev/ttyUSB0"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (made("FujiTimeoutError")(), DeviceTimeoutError),
        (made("FujiConnectionError")(), LinkError),
        (made("FujiFrameError")(), ProtocolError),
        (None, ProtocolError),
    ],
)
def test_what_a_payload_tells(error: object, kind: type[Exception]) -> None:
    assert isinstance(told(error, "flue"), kind)
