"""Runs the DT-Open Layers back ends over the fake of `dtollib` and prints what came of it; needs that package.

A test starts it with an interpreter that has the package, which wants a newer Python than the gateway.
"""

from __future__ import annotations

import json

import numpy as np
from dtollib.tasks.models import SdkEventKind
from dtollib.testing import make_fake_backend

from gateway.daq.back_ends.dtollib import DtInput, DtOutput
from gateway.daq.decoding import Decoder
from gateway.daq.errors import DaqError
from tests.daq.vendors.device_user import BLOCK, DeviceUser, input_task, output_task

NAME = "DT9806(00)"


def error_of(back_end: DtInput, board: str) -> list[str]:
    try:
        back_end.commit(input_task(board))
    except DaqError as error:
        return [type(error).__name__, str(error)]
    return []


def main() -> None:
    driver = make_fake_backend(include_dt9806=True)
    back_end = DtInput(driver)
    user = DeviceUser(back_end, input_task(NAME))
    user.start()
    order = [name for name, _ in driver.operations]
    handle = back_end._taken.handle
    codes = [np.arange(first, first + 2 * BLOCK, dtype=np.uint16) + 39_990 for first in range(0, 5 * BLOCK, 2 * BLOCK)]
    for one in codes:
        driver.fire_buffer_done(handle, fill=one.view(np.int16))  # as the package views them: signed
    driver.fire_buffer_done(handle, fill=codes[0][:BLOCK].view(np.int16))
    for kind in (SdkEventKind.OVERRUN_ERROR, SdkEventKind.BUFFER_REUSED):
        driver.fire_event(handle, kind)
    driver._notify_callbacks[handle](0x400 + 113, 0, 0)  # device removal, which the fake cannot fire
    kinds = [str(kind) for kind in user.kinds]
    volts = [Decoder(user.task.inputs, back_end._encoding).decode(block).data.tolist() for block in user.blocks[:1]]
    left = user.stop()
    again = DeviceUser(back_end, user.task)
    again.start()
    again.stop()
    back_end.commit(input_task(NAME, timed=False))
    driver.scalar_values[back_end._taken.handle, 0] = 40_000
    driver.scalar_values[back_end._taken.handle, 1] = 32_768
    single = back_end.read_values().tolist()
    back_end.close()

    output = DtOutput(driver)
    granted = output.commit(output_task(NAME, timed=False))
    output.write_values(granted.encoding.encode(np.array([5.0, -5.0])))
    written = {f"{channel}": code for (_handle, channel), code in driver.written_values.items()}
    output.close()
    print(
        json.dumps(
            {
                "order": [
                    name for name in order if name in ("commit", "register_notification", "put_buffer", "arm", "start")
                ],
                "dma": next(given for name, given in driver.operations if name == "set_dma_usage")[1],
                "clock": next(given for name, given in driver.operations if name == "set_clock")[1],
                "rate": user.rate_hz,
                "codes": [block.ravel().tolist() for block in user.blocks],
                "volts": volts[0],
                "kinds": kinds,
                "left": left,
                "single": single,
                "written": written,
                "absent": error_of(DtInput(driver), "DT9837(00)"),
                "no driver": error_of(DtInput(), NAME),
            }
        )
    )


if __name__ == "__main__":
    main()
