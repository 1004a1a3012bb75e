"""What a Servomex 4100 can be made to do: the coils of the 4100 manual's Modbus chapter, and clearing them."""

from __future__ import annotations

from gateway.drivers.servomex4100.channels import CALIBRATION_GROUPS
from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.meaning import ActionMeaning

START_AUTOCALIBRATION = "StartAutocalibration"
STOP_AUTOCALIBRATION = "StopAutocalibration"
CLEAR_LEFTOVERS = "ClearLeftovers"

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec(
        START_AUTOCALIBRATION,
        "Start the autocalibration of one group; its valves switch from sample to calibration gas",
        (ActionArgument("Group", "Calibration group", 1, CALIBRATION_GROUPS),),
        ActionMeaning.START_CALIBRATION,
    ),
    ActionSpec(
        STOP_AUTOCALIBRATION,
        "Stop every autocalibration, however it was started; back to sample",
        meaning=ActionMeaning.STOP_CALIBRATIONS,
    ),
    ActionSpec(CLEAR_LEFTOVERS, "Write 0 to command coils found set, so that the analyser notices commands again"),
)
"""Every action, in the order in which clients see them."""
