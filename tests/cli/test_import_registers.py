"""Options of `import-registers` that no list can be read with."""

from __future__ import annotations

import pytest

from gateway.cli.import_registers import list_format
from gateway.errors import InputError


@pytest.mark.parametrize("delimiter", ['"', "\n", "\r"])
def test_what_separates_no_cells_is_refused(delimiter: str):
    with pytest.raises(InputError, match="--delimiter: quotes and line ends") as refusal:
        list_format(columns=[], table=None, kind=None, addresses="auto", delimiter=delimiter)
    assert refusal.value.hint == "write , or ; or tab"
