"""Hardware-clocked acquisition, polling and playback with DAQ devices.

```
device -> back end -> bridge (any thread) -> blocks (values, index, time) -> stream -> consumer
source -> output gate -> buffers -> back end -> device
```
`open_device` makes a session of a TaskSpec and a back end; `record`, `record_polled` and `play` run on it.
"""

from __future__ import annotations

from gateway.daq.block import DaqBlock, DaqSample, SensorStatus, block_to_long_rows
from gateway.daq.channels import InputChannel, OutputChannel
from gateway.daq.manager import DaqManager
from gateway.daq.play import play
from gateway.daq.playback import Playback, PlaybackEnd
from gateway.daq.playback_source import PlaybackSource
from gateway.daq.policies import ErrorPolicy
from gateway.daq.reading import DaqReading, DeviceResult
from gateway.daq.record import record
from gateway.daq.record_polled import record_polled
from gateway.daq.recording import Recording
from gateway.daq.session import DaqSession, open_device
from gateway.daq.summary import AcquisitionSummary
from gateway.daq.task import DataFlow, TaskSpec
from gateway.daq.timing import BufferPlan, Timing, WrapMode
from gateway.streaming.overflow import OverflowPolicy

__all__ = [
    "AcquisitionSummary",
    "BufferPlan",
    "DaqBlock",
    "DaqManager",
    "DaqReading",
    "DaqSample",
    "DaqSession",
    "DataFlow",
    "DeviceResult",
    "ErrorPolicy",
    "InputChannel",
    "OutputChannel",
    "OverflowPolicy",
    "Playback",
    "PlaybackEnd",
    "PlaybackSource",
    "Recording",
    "SensorStatus",
    "TaskSpec",
    "Timing",
    "WrapMode",
    "block_to_long_rows",
    "open_device",
    "play",
    "record",
    "record_polled",
]
