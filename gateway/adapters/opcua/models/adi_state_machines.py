"""State machines of Analyser Devices, OPC 10020 (ADI) 1.01: of the device, of a channel, and of what a channel does."""

from __future__ import annotations

from gateway.adapters.opcua.models.namespaces import ADI
from gateway.adapters.opcua.models.node_table import M, Member, O, Rows
from gateway.adapters.opcua.models.standard_types import (
    FINITE_STATE_MACHINE,
    FINITE_STATE_VARIABLE,
    LOCALIZED_TEXT,
    NODE_ID,
)
from gateway.adapters.opcua.models.state_machine_table import StateMachine

_ADI = Rows(ADI)

OPERATING_STATE = _ADI.ref(1004)
LOCAL_STATE = _ADI.ref(1005)
MAINTENANCE_STATE = _ADI.ref(1006)
EXECUTE_STATE = _ADI.ref(8964)
_OPERATING_MACHINE = _ADI.ref(1008)
_EXECUTE_MACHINE = _ADI.ref(1009)


def current_state(identifier: int) -> Member:
    """`CurrentState` with its `Id`, which follows it."""
    node = _ADI.prop(identifier + 1, "UA:Id", NODE_ID)
    return _ADI.variable(identifier, "UA:CurrentState", FINITE_STATE_VARIABLE, LOCALIZED_TEXT, M, node)


def operating_machine(identifier: int) -> Member:
    """`OperatingSubStateMachine` with `OperatingExecuteSubStateMachine` below, at the same distance everywhere."""
    execute = _ADI.object(
        identifier + 12, "OperatingExecuteSubStateMachine", _EXECUTE_MACHINE, M, current_state(identifier + 13)
    )
    return _ADI.object(
        identifier, "OperatingSubStateMachine", _OPERATING_MACHINE, M, current_state(identifier + 1), execute
    )


def _sub_machine(identifier: int, name: str) -> Member:
    return _ADI.object(identifier, name, FINITE_STATE_MACHINE, O, current_state(identifier + 1))


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Transitions written as `From>To`; a state alone stays where it is."""
    words = (word.partition(">") for word in text.split())
    return tuple((origin, goal or origin) for origin, _arrow, goal in words)


DEVICE_MACHINE = StateMachine(
    1002,
    "AnalyserDeviceStateMachineType",
    first_state=9647,
    states=(("Powerup", 100), ("Operating", 200), ("Local", 300), ("Maintenance", 400), ("Shutdown", 500)),
    first_transition=9657,
    transitions=_pairs(
        "Powerup>Operating Operating>Local Operating>Maintenance Local>Operating Local>Maintenance"
        " Maintenance>Operating Maintenance>Local Operating>Shutdown Local>Shutdown Maintenance>Shutdown"
    ),
    causes={9661: (9458,), 9667: (9457,)},
)

CHANNEL_MACHINE = StateMachine(
    1007,
    "AnalyserChannelStateMachineType",
    first_state=9996,
    states=(("SlaveMode", 100), ("Operating", 200), ("Local", 300), ("Maintenance", 400)),
    first_transition=10004,
    transitions=_pairs(
        "SlaveMode>Operating Operating>Local Operating>Maintenance Local>Operating Local>Maintenance"
        " Maintenance>Operating Maintenance>Local Operating>SlaveMode Local>SlaveMode Maintenance>SlaveMode"
    ),
    state_types={"Operating": OPERATING_STATE, "Local": LOCAL_STATE, "Maintenance": MAINTENANCE_STATE},
    sub_machines={"Operating": 9948, "Local": 9972, "Maintenance": 9984},
    causes={10008: (9700,), 10014: (9699,)},
    members=(
        operating_machine(9948),
        _sub_machine(9972, "LocalSubStateMachine"),
        _sub_machine(9984, "MaintenanceSubStateMachine"),
    ),
)

_START, _STOP, _HOLD, _UNHOLD, _SUSPEND, _UNSUSPEND = 9704, 9705, 9706, 9707, 9708, 9709
_ABORT, _CLEAR, _RESET, _SINGLE_ACQUISITION, _SET_CONFIGURATION = 9710, 9711, 9703, 9701, 9445
_STOPS = range(10138, 10161, 2)
_ABORTS = range(10162, 10189, 2)

OPERATING_MACHINE = StateMachine(
    1008,
    "AnalyserChannel_OperatingModeSubStateMachineType",
    first_state=10048,
    states=(
        ("Stopped", 2),
        ("Resetting", 15),
        ("Idle", 4),
        ("Starting", 3),
        ("Execute", 6),
        ("Completing", 16),
        ("Complete", 17),
        ("Suspending", 13),
        ("Suspended", 5),
        ("Unsuspending", 14),
        ("Holding", 10),
        ("Held", 11),
        ("Unholding", 12),
        ("Stopping", 7),
        ("Aborting", 8),
        ("Aborted", 9),
        ("Clearing", 1),
    ),
    first_transition=10082,
    transitions=_pairs(
        "Stopped>Resetting Resetting Resetting>Idle Idle>Starting Starting Starting>Execute Execute>Completing"
        " Completing Completing>Complete Complete>Stopped Execute>Holding Holding Holding>Held Held>Unholding"
        " Unholding Unholding>Holding Unholding>Execute Execute>Suspending Suspending Suspending>Suspended"
        " Suspended>Unsuspending Unsuspending Unsuspending>Suspending Unsuspending>Execute Stopping>Stopped"
        " Aborting>Aborted Aborted>Clearing Clearing>Stopped Resetting>Stopping Idle>Stopping Starting>Stopping"
        " Execute>Stopping Completing>Stopping Complete>Stopping Suspending>Stopping Suspended>Stopping"
        " Unsuspending>Stopping Holding>Stopping Held>Stopping Unholding>Stopping Stopped>Aborting"
        " Resetting>Aborting Idle>Aborting Starting>Aborting Execute>Aborting Completing>Aborting"
        " Complete>Aborting Suspending>Aborting Suspended>Aborting Unsuspending>Aborting Holding>Aborting"
        " Held>Aborting Unholding>Aborting Stopping>Aborting"
    ),
    state_types={"Execute": EXECUTE_STATE},
    sub_machines={"Execute": 10036},
    causes={
        10082: (_RESET, _SET_CONFIGURATION),
        10088: (_START, _SINGLE_ACQUISITION),
        10102: (_HOLD,),
        10108: (_UNHOLD,),
        10112: (_HOLD,),
        10116: (_SUSPEND,),
        10122: (_UNSUSPEND,),
        10126: (_SUSPEND,),
        10134: (_CLEAR,),
        **dict.fromkeys(_STOPS, (_STOP,)),
        **dict.fromkeys(_ABORTS, (_ABORT,)),
    },
    transition_number="TransitionNumber",
    members=(_ADI.object(10036, "OperatingExecuteSubStateMachine", _EXECUTE_MACHINE, M, current_state(10037)),),
)


def _sampling(trigger: str, sample: str) -> str:
    """A cycle that takes a sample: each step may be repeated before the next."""
    steps = f"Extract{sample} Prepare{sample} Analyse{sample}".split()
    extract, prepare, analyse = steps
    return (
        f"SelectExecutionCycle>WaitFor{trigger}Trigger WaitFor{trigger}Trigger>{extract} {extract} {extract}>{prepare}"
        f" {prepare} {prepare}>{analyse} {analyse} {analyse}>PublishResults"
    )


def _plain(cycle: str) -> str:
    """A cycle of one step."""
    return f"SelectExecutionCycle>WaitFor{cycle}Trigger WaitFor{cycle}Trigger>{cycle} {cycle} {cycle}>PublishResults"


EXECUTE_MACHINE = StateMachine(
    1009,
    "AnalyserChannel_OperatingModeExecuteSubStateMachineType",
    first_state=10201,
    states=tuple(
        (name, 100 * place)
        for place, name in enumerate(
            (
                "SelectExecutionCycle",
                "WaitForCalibrationTrigger",
                "ExtractCalibrationSample",
                "PrepareCalibrationSample",
                "AnalyseCalibrationSample",
                "WaitForValidationTrigger",
                "ExtractValidationSample",
                "PrepareValidationSample",
                "AnalyseValidationSample",
                "WaitForSampleTrigger",
                "ExtractSample",
                "PrepareSample",
                "AnalyseSample",
                "WaitForDiagnosticTrigger",
                "Diagnostic",
                "WaitForCleaningTrigger",
                "Cleaning",
                "PublishResults",
                "EjectGrabSample",
                "CleanupSamplingSystem",
            ),
            start=1,
        )
    ),
    first_transition=10241,
    transitions=_pairs(
        " ".join(
            (
                *(_sampling(cycle, f"{cycle}Sample") for cycle in ("Calibration", "Validation")),
                _sampling("Sample", "Sample"),
                _plain("Diagnostic"),
                _plain("Cleaning"),
                "PublishResults>CleanupSamplingSystem PublishResults>EjectGrabSample EjectGrabSample",
                "EjectGrabSample>CleanupSamplingSystem CleanupSamplingSystem",
                "CleanupSamplingSystem>SelectExecutionCycle",
            )
        )
    ),
    state_number="StateNumber",
)
