"""Frames from a live wire: the splitter and the frame decoder put together, with the rule for the first line."""

from __future__ import annotations

from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.frame_splitter import FrameSplitter
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserFrame


class FrameStream:
    """Decodes what arrives on one opened wire; make a new one each time the wire is opened.

    A wire is usually opened in the middle of a frame. A first line that is no frame is therefore dropped without a
    word; one that is whole counts like any other, so that nothing is lost where frames are hours apart.

    Args:
        text: Decoder of the names and units of this analyser; keep it across reconnections.
    """

    def __init__(self, text: DisplayText) -> None:
        self._text = text
        self._splitter = FrameSplitter()
        self._first = True

    def feed(self, data: bytes) -> list[AnalyserFrame | ProtocolError]:
        """Take the bytes that arrived and return what they complete: frames, and an error for each bad one."""
        results: list[AnalyserFrame | ProtocolError] = []
        for line in self._splitter.feed(data):
            first, self._first = self._first, False
            if line.problem:
                hint = "compare baud rate, data bits and parity with the analyser's serial settings"
                where = f"stream byte {line.offset}"
                results.append(ProtocolError(line.problem, where=where, hint=hint, raw=line.data))
                continue
            try:
                results.append(decode_frame(line.data, self._text))
            except ProtocolError as error:
                if not first:
                    results.append(error)
        return results
