"""Actions by puts: one put arms, a second one confirms, and only then is the desk asked. The same on every protocol."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from gateway.errors import ActionNotNowError, ActionRefusedError, GatewayError
from gateway.model.actions import ActionOrigin, ActionRequest, ActionSpec, ArgumentValue
from gateway.model.argument_fault import argument_fault
from gateway.model.armings import ARMED_S, Arming, Armings
from gateway.model.asker import Asker
from gateway.model.stamp import Clock

_LOG = logging.getLogger(__name__)

Invoke = Callable[[ActionRequest], Awaitable[str]]
"""`ports.ActionDesk.invoke`."""


class CommandRefusedError(Exception):
    """A put to a command that is not carried out.

    Args:
        text: Why, in words.
        forbidden: Whether the client may not do it at all.
    """

    def __init__(self, text: str, *, forbidden: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.forbidden = forbidden


class TwoStepCommands:
    """What the commands of one analyser have been told.

    An arming belongs to a host and the user claimed there, not to a connection: the two puts of a shell script come
    from two processes. It serves once, and a newer one of the same asker replaces it.

    Args:
        device: Name of the analyser.
        protocol: Name of the adapter.
        invoke: Checks and carries out.
        clock: Time.
    """

    def __init__(self, device: str, protocol: str, invoke: Invoke, clock: Clock) -> None:
        self._device = device
        self._protocol = protocol
        self._invoke = invoke
        self._armings = Armings(clock)
        self._running: set[Asker] = set()

    @property
    def armed(self) -> Mapping[str, ArgumentValue]:
        """Name of each action that is armed to the newest argument; 1 for an action without arguments."""
        return {arming.action: arming.arguments[0] if arming.arguments else 1 for arming in self._armings.all}

    @property
    def is_running(self) -> bool:
        """Whether an action that was confirmed here has not ended."""
        return bool(self._running)

    @property
    def next_expiry_ns(self) -> int | None:
        """Monotonic time at which `forget_expired` has something to do; None while nothing is armed."""
        return self._armings.next_expiry_ns

    def take_argument(self, action: ActionSpec, value: ArgumentValue, asker: Asker) -> None:
        """Arm an action with one argument.

        Raises:
            CommandRefusedError: The argument cannot be used.
        """
        (argument,) = action.arguments
        if fault := argument_fault(argument, value):
            raise CommandRefusedError(fault)
        self._armings.add(asker, action.name, (value,))

    def take_request(self, action: ActionSpec, value: ArgumentValue, asker: Asker) -> None:
        """Arm an action without arguments by 1, disarm it by 0.

        Raises:
            CommandRefusedError: It is neither.
        """
        if _state(value):
            self._armings.add(asker, action.name, ())
        else:
            self._armings.drop(asker, action.name)

    def take_confirm(self, value: ArgumentValue, asker: Asker) -> Arming | None:
        """Take what the asker has armed, by 1, for `carry_out`; 0 disarms it.

        Raises:
            CommandRefusedError: Nothing is armed, or the last action of the same asker has not ended.
        """
        wanted = _state(value)
        if wanted and asker in self._running:
            raise CommandRefusedError("your last action still runs; wait for its end")
        arming = self._armings.take(asker)
        if not wanted:
            return None
        if arming is None:
            raise CommandRefusedError(
                f"nothing is armed: write to a command of {self._device}, then confirm within {ARMED_S} s"
            )
        self._running.add(asker)
        return arming

    async def carry_out(self, arming: Arming, asker: Asker) -> None:
        """Ask the desk for what was confirmed.

        Raises:
            CommandRefusedError: It was not carried out.
        """
        origin = ActionOrigin(self._protocol, asker.host, asker.user, proved=False)
        request = ActionRequest(self._device, arming.action, arming.arguments, confirmed=True, origin=origin)
        try:
            await self._invoke(request)
        except ActionNotNowError as delay:
            raise CommandRefusedError(str(delay)) from delay
        except ActionRefusedError as refusal:
            raise CommandRefusedError(str(refusal), forbidden=True) from refusal
        except GatewayError as failure:
            raise CommandRefusedError(str(failure)) from failure
        except Exception as fault:
            _LOG.exception("%s: %s failed", self._device, arming.action)
            raise CommandRefusedError("the gateway failed; its log says why") from fault
        finally:
            self._running.discard(asker)

    def forget_expired(self) -> None:
        """Disarm what nobody has confirmed in time."""
        self._armings.forget_expired()

    def clear(self) -> None:
        """Disarm everything."""
        self._armings.clear()


def _state(value: ArgumentValue) -> bool:
    if value not in (0, 1):
        raise CommandRefusedError(f"0 or 1 is needed, got {value}")
    return value == 1
