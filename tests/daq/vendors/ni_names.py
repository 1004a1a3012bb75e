"""Fails where the package `nidaqmx` has not what its fake has; needs that package, but not the vendor's driver."""

from __future__ import annotations

import inspect
from importlib import import_module

from nidaqmx import constants, stream_readers, stream_writers
from nidaqmx.task import Task
from nidaqmx.task.collections import AIChannelCollection, AOChannelCollection

MEMBERS = {
    constants.TerminalConfiguration: ("DEFAULT", "RSE", "DIFF"),
    constants.AcquisitionType: ("CONTINUOUS", "FINITE"),
    constants.RegenerationMode: ("DONT_ALLOW_REGENERATION",),
    constants.TaskMode: ("TASK_UNRESERVE",),
    Task: ("start", "stop", "close", "timing", "in_stream", "out_stream", "ai_channels", "ao_channels"),
    import_module("nidaqmx.task._in_stream").InStream: ("avail_samp_per_chan",),
    import_module("nidaqmx.task._out_stream").OutStream: ("regen_mode", "output_buf_size"),
    import_module("nidaqmx.task._timing").Timing: ("samp_clk_rate",),
    import_module("nidaqmx.errors").DaqError: ("error_code",),
}
PARAMETERS = {
    AIChannelCollection.add_ai_voltage_chan: ("name_to_assign_to_channel", "terminal_config", "min_val", "max_val"),
    AOChannelCollection.add_ao_voltage_chan: ("name_to_assign_to_channel", "min_val", "max_val"),
    import_module("nidaqmx.task._timing").Timing.cfg_samp_clk_timing: ("rate", "sample_mode", "samps_per_chan"),
    Task.register_every_n_samples_acquired_into_buffer_event: ("sample_interval", "callback_method"),
    Task.register_every_n_samples_transferred_from_buffer_event: ("sample_interval", "callback_method"),
    Task.register_done_event: ("callback_method",),
    Task.control: ("action",),
    Task.write: ("data", "auto_start"),
    stream_readers.AnalogMultiChannelReader.read_many_sample: ("data", "timeout"),
    stream_readers.AnalogMultiChannelReader.read_one_sample: ("data",),
    stream_writers.AnalogMultiChannelWriter.__init__: ("auto_start",),
    stream_writers.AnalogMultiChannelWriter.write_many_sample: ("data", "timeout"),
}

missing = [f"{owner.__name__}.{name}" for owner, names in MEMBERS.items() for name in names if not hasattr(owner, name)]
for function, names in PARAMETERS.items():
    missing += [f"{function.__name__}({name})" for name in names if name not in inspect.signature(function).parameters]
if missing:
    raise SystemExit(f"nidaqmx has no {', '.join(missing)}")
