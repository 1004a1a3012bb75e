"""caproto, for the type checker: it has no annotations, so that here and nowhere else it becomes `Any`."""

from __future__ import annotations

from typing import Any

import caproto

ca: Any = caproto
