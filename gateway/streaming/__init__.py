"""Acquisition of Samples: polled on an absolute schedule with `record`, or subscribed to with a StreamingSession."""

from __future__ import annotations

from gateway.model.sample import Sample
from gateway.ports import PollSource
from gateway.streaming.overflow import OverflowPolicy
from gateway.streaming.recording import Recording, record
from gateway.streaming.stream_session import StreamingSession, StreamMode
from gateway.streaming.summary import AcquisitionSummary

__all__ = [
    "AcquisitionSummary",
    "OverflowPolicy",
    "PollSource",
    "Recording",
    "Sample",
    "StreamMode",
    "StreamingSession",
    "record",
]
