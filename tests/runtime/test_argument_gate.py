"""What an action is given: finite first, then the right number and kind, then within bounds."""

from __future__ import annotations

import array
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.actions import ActionArgument, ActionSpec, ArgumentValue
from gateway.model.points import ValueKind
from gateway.runtime.argument_gate import misfit, not_finite

LEVEL = ActionArgument("Level", "Output", -10, 10, ValueKind.FLOAT, unit="V")
WAVEFORM = ActionArgument("Waveform", "Output", -10, 10, ValueKind.FLOAT, length=4, unit="V")
GROUP = ActionArgument("Group", "Number", 1, 4)


def numbers(*values: float) -> memoryview:
    return memoryview(array.array("d", values)).toreadonly()


def told(argument: ActionArgument, *arguments: ArgumentValue) -> str:
    spec = ActionSpec("Set", "Sets it", (argument,))
    refusal = not_finite(spec, arguments) or misfit(spec, arguments)
    return "" if refusal is None else "; ".join(filter(None, (refusal.what, refusal.hint)))


@pytest.mark.parametrize(
    ("argument", "given", "answer"),
    [
        (LEVEL, 3, ""),
        (LEVEL, -10.0, ""),
        (LEVEL, 10.000001, "Level must be -10 to 10 V, got 10.000001"),
        (LEVEL, math.nan, "Level must be -10 to 10 V, got nan, which is no number"),
        (LEVEL, math.inf, "Level must be -10 to 10 V, got inf, which is no number"),
        (LEVEL, True, "Level must be a number, got True"),
        (LEVEL, numbers(1.0), "Level must be one number, got 1 values"),
        (GROUP, 2, ""),
        (GROUP, 2.0, "Group must be a whole number, got 2.0"),
        (GROUP, math.nan, "Group must be 1 to 4, got nan, which is no number"),
        (WAVEFORM, numbers(0, 1, -10, 10), ""),
        (WAVEFORM, numbers(0, 10.5), "every value of Waveform must be -10 to 10 V, got 10.5"),
        (WAVEFORM, numbers(0, math.nan), "Waveform has values that are no numbers"),
        (WAVEFORM, numbers(0, -math.inf), "Waveform has values that are no numbers"),
        (WAVEFORM, numbers(0, 0, 0, 0, 0), "Waveform must have 1 to 4 values, got 5"),
        (WAVEFORM, numbers(0, 0, 0, 0, math.nan), "Waveform must have 1 to 4 values, got 5"),
        (WAVEFORM, numbers(), "Waveform must have 1 to 4 values, got 0"),
        (WAVEFORM, 1.0, "Waveform must be an array of up to 4 numbers, got one number"),
        (WAVEFORM, memoryview(b"abcd"), "Waveform has values that are no numbers"),
    ],
)
def test_each_gate_says_what_it_wants(argument: ActionArgument, given: ArgumentValue, answer: str):
    assert told(argument, given) == answer


def test_another_number_of_arguments_is_told_with_what_is_wanted():
    assert told(LEVEL) == "Set needs 1 arguments, got 0; give Level -10 to 10 V"
    assert misfit(ActionSpec("Stop", "Stops"), (1,)) is not None


@given(st.lists(st.floats(), min_size=1, max_size=4))
def test_only_finite_numbers_within_the_bounds_ever_pass(values: list[float]):
    passes = told(WAVEFORM, numbers(*values)) == ""
    assert passes == all(math.isfinite(value) and -10 <= value <= 10 for value in values)
