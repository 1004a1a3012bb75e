"""Recorded blocks, replayed."""

from __future__ import annotations

from gateway.daq.back_ends.file.replay import FileReplay

__all__ = ["FileReplay"]
