"""How well the server can serve at the moment (ServiceLevel, OPC 10000-4 section 6.6.2.4.2).

| ServiceLevel | meaning                                              |
|--------------|------------------------------------------------------|
| 255          | every analyser of the site is heard                  |
| 2 to 199     | some are: 2 + 198 x heard / all, rounded down        |
| 1            | none is                                              |
| 0            | the gateway is being stopped                         |

An analyser is heard as long as one of its own points has a value that is neither stale nor lost. A fault that the
analyser itself reports is no fault of the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.model.quality import State

HEALTHY, NO_DATA, STOPPING = 255, 1, 0
_LEAST, _SPAN = 2, 198
_UNHEARD = frozenset(
    {
        State.WAITING,
        State.STALE,
        State.COMMUNICATION_INTERRUPTED,
        State.COMMUNICATION_LOST,
        State.OUT_OF_SERVICE,
        State.STOPPED,
    }
)


def service_level(analysers: Iterable[Sequence[State]]) -> int:
    """The level of a running server.

    Args:
        analysers: For each analyser the states of what it says.
    """
    heard = [not _UNHEARD.issuperset(states) for states in analysers]
    if all(heard):
        return HEALTHY
    return _LEAST + _SPAN * sum(heard) // len(heard) if any(heard) else NO_DATA
