"""Files of recorded blocks, `.npz` or `.csv`: written while recording, replayed by the back end `file`."""

from __future__ import annotations

from gateway.daq.block_file.header import FileHeader, RecordedBlock
from gateway.daq.block_file.opening import BlockReader, BlockWriter, open_reader, open_writer, writer_for

__all__ = ["BlockReader", "BlockWriter", "FileHeader", "RecordedBlock", "open_reader", "open_writer", "writer_for"]
