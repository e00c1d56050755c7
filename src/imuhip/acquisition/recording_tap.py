"""Where one stream leads what it takes while it is recorded, its epochs counted from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from imuhip.acquisition.rows import moved
from imuhip.acquisition.two_way import Exchange
from imuhip.core.series import FloatArray
from imuhip.recording.plan import SampleRows

__all__ = ["ClockEvidence", "PacketSink", "RecordingTap"]

ClockEvidence = tuple[int, Exchange] | float
"""Epoch and answered question, or the instant at which the stream was told to start, s."""


class PacketSink(Protocol):
    """Takes everything a sensor sent, for the session file; times are those of `HostTime`."""

    def __call__(
        self, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> bool:
        """Return False when the queue is full and the packets are not going to be stored."""
        ...


@dataclass(frozen=True, slots=True)
class RecordingTap:
    """A recording in progress, as one stream sees it.

    Parameters
    ----------
    sink : PacketSink
        Takes packets and samples.
    first_epoch : int
        The stream's epoch that is the recording's first.
    on_clock_evidence : callable
        Takes what clocks are known by beside the packets.
    """

    sink: PacketSink
    first_epoch: int
    on_clock_evidence: Callable[[ClockEvidence], None] = lambda _evidence: None

    def record(
        self, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> bool:
        """Store packets and their samples; return False when there was no room."""
        if rows is not None and self.first_epoch:
            rows = moved(rows, 0.0, -self.first_epoch)
        return self.sink(arrival_s, packets, rows)

    def note_start(self, at_s: float) -> None:
        """Store that the stream was told to start."""
        self.on_clock_evidence(at_s)

    def note_exchange(self, epoch: int, exchange: Exchange) -> None:
        """Store a question that was answered in an epoch of the stream."""
        self.on_clock_evidence((epoch - self.first_epoch, exchange))
