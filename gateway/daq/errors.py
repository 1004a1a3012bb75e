"""What can go wrong with a DAQ device, named by what happened to the samples."""

from __future__ import annotations

from gateway.errors import DeviceTimeoutError, GatewayError, LinkError


class DaqError(GatewayError):
    """Root of all errors of this layer."""


class DaqTaskStateError(DaqError):
    """The task is of another kind, or the subsystem in another state, than what was asked of it needs."""


class DaqValidationError(DaqError, ValueError):
    """A specification, an array or an output value that cannot be used."""


class DaqConfirmationRequiredError(DaqError):
    """An output that is allowed, but only to somebody who has said `confirm=True`."""


class DaqCapabilityError(DaqError):
    """The device cannot do it at all."""


class DaqDependencyError(DaqError):
    """A library or a vendor's driver that the back end stands on is not installed."""


class DaqDeviceError(DaqError):
    """The device or its driver reports a fault."""


class DaqTimeoutError(DaqError, DeviceTimeoutError):
    """A call into the driver did not come back in time. The thread it was made in is left to it."""


class DaqStalledError(DaqError, DeviceTimeoutError):
    """The device should be running, but no block has come for several block periods."""


class DaqDeviceRemovedError(DaqError, LinkError):
    """The device is gone: unplugged, switched off, or its server has ended."""


class DaqBufferOverrunError(DaqError):
    """Samples were lost between the device and the program, because no buffer was free for them."""


class DaqUnderrunError(DaqError):
    """The output ran out of samples, because the next ones came too late."""


class DaqTriggerError(DaqError):
    """The trigger failed, or came faster than the device could be made ready."""


class DaqIncompleteError(DaqError):
    """A finite acquisition ended before all its samples were taken."""


class DaqLoggingError(DaqError):
    """What is recorded cannot be written to the file that the task names."""
