"""Whether a site is one that the server can serve: the lengths of its arrays, and what its companion models need."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.models.point_places import PointPlaces
from gateway.errors import SettingsError
from gateway.model.meaning import CompanionModel, Meaning
from gateway.model.points import DeviceSpec, SiteSpec, ValueKind

_DOUBLE_BYTES = 8
_REST_OF_CALL = 16 * 1024


def require_served(site: SiteSpec, limits: Limits) -> None:
    """Refuse what would fail when the server starts, or when a client asks for it.

    Raises:
        SettingsError: An array is longer than the limits allow, or an analyser says too little for its model.
    """
    problems = [problem for device in site.devices for problem in (*_arrays(device, limits), *_model(device))]
    if problems:
        raise SettingsError(problems)


def _arrays(device: DeviceSpec, limits: Limits) -> Iterator[str]:
    for point in device.points:
        if point.length is not None and point.length > limits.array_length:
            yield (
                f"{device.name}/{point.browse_path} has up to {point.length} numbers, and `limits.array_length` is "
                f"{limits.array_length}; set it to {point.length} or more, or let the array be shorter"
            )
    for action in device.actions:
        longest = max((one.length or 0 for one in action.arguments), default=0)
        if longest > limits.array_length:
            yield (
                f"{device.name}: action {action.name} takes {longest} numbers, and `limits.array_length` is "
                f"{limits.array_length}; set it to {longest} or more"
            )
        request = _DOUBLE_BYTES * sum(one.length or 0 for one in action.arguments) + _REST_OF_CALL
        if request > limits.message_bytes:
            yield (
                f"{device.name}: action {action.name} takes {request} bytes in one request, and "
                f"`limits.message_kbyte` is {limits.message_kbyte}; set it to {-(-request // 1024)} or more"
            )


def _model(device: DeviceSpec) -> Iterator[str]:
    """What PA-DIM and ADI show of an analyser: its health, and one number for each channel."""
    if device.companion_model is CompanionModel.PLAIN:
        return
    model, places = f"model: {device.companion_model}", PointPlaces(device)
    if places.of_analyser(Meaning.FAULT) is None:
        yield f"{device.name}: no point says whether the analyser is in order, as `{model}` has to; set `model: plain`"
    for channel in device.channels:
        place = places.find(channel.name, Meaning.VALUE)
        point = None if place is None else places.point(place)
        if point is None or point.kind is not ValueKind.FLOAT or point.length is not None:
            yield f"{device.name}: channel {channel.name} has no single number for `{model}`; set `model: plain`"
