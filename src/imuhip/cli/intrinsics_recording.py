"""Records one sensor while it is calibrated by hand, and says what to do next."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from imuhip.calibration.bench_progress import BenchProgress, bench_progress
from imuhip.cli.options import free_path
from imuhip.cli.output import Following, following, note
from imuhip.cli.recording_session import RecordingSession, Stopped
from imuhip.cli.stop_signals import StopSignals
from imuhip.core.series import ImuSeries

if TYPE_CHECKING:
    from imuhip.acquisition.ring import RingView, SampleRing

__all__ = ["BenchWatch", "record_bench"]

_EVERY_S = 1.0
_EXIT_INTERRUPTED = 130
_LEAST_ROWS = 100


def record_bench(path: Path, address: str | None, segment: str, radio: str, rate_hz: int) -> None:
    """Record until nothing more is missing, or until Ctrl-C; the file is complete then.

    Parameters
    ----------
    path : Path
        The session file to write.
    address : str, optional
        Of the sensor; None for the virtual one of ``--radio sim``.
    segment : str
        What the file calls it.
    radio : str
        As ``--radio``.
    rate_hz : int
        Asked of the sensor.
    """
    person = None
    if radio == "sim":
        from imuhip.simulation.bench_calibration import simulate_bench

        person = simulate_bench(rate_hz=float(rate_hz), segment=segment).recording
    free_path(path)
    with StopSignals() as stop:
        try:
            with RecordingSession(radio, rate_hz, stop, person=person) as session:
                session.open()
                kit = {segment: address} if address else session.virtual_assignment
                note(f"connecting {', '.join(kit.values())}")
                session.connect(kit)
                session.start(path, {"radio": radio, "purpose": "sensor calibration"})
                note("recording; put the sensor down and let go in every pose. Ctrl-C ends")
                _guide(session, segment, stop)
                result = session.finish()
        except Stopped:
            note("stopped before anything was recorded")
            raise typer.Exit(_EXIT_INTERRUPTED) from None
    if result.error is not None:
        raise result.error


def _guide(session: RecordingSession, segment: str, stop: StopSignals) -> None:
    with following("calibrating", None, every_s=_EVERY_S) as shown, suppress(Stopped):
        watch = BenchWatch(session.acquisition.ring(segment), shown)

        def often(elapsed_s: float) -> None:
            if watch.look(elapsed_s):
                stop.requested.set()  # as if Ctrl-C were pressed: nothing is missing

        session.follow(None, _Silent(), often=often)


class _Silent(Following):
    """Swallows the truth lines: here the prompts are what people look at."""

    def __init__(self) -> None:
        super().__init__(_EVERY_S)

    def show(self, at_s: float, lines: object) -> None:
        """Show nothing."""


class BenchWatch:
    """Follows the samples of one sensor and tells each new prompt once.

    Parameters
    ----------
    ring : SampleRing
        Its newest samples.
    shown : Following
        Where prompts go.
    """

    def __init__(self, ring: SampleRing, shown: Following) -> None:
        self._ring = ring
        self._shown = shown
        self._next_index = ring.n_written
        self._views: list[RingView] = []
        self._next_s = 0.0
        self._told: BenchProgress | None = None

    def look(self, elapsed_s: float) -> bool:
        """Take in new samples; return whether the calibration is complete."""
        view = self._ring.since(self._next_index)
        self._next_index = view.next_index
        if len(view):
            self._views.append(view)
        self._shown.advance(elapsed_s)
        if elapsed_s < self._next_s:
            return False
        self._next_s = elapsed_s + _EVERY_S
        progress = self._progress()
        if progress is None:
            return False
        if progress != self._told:
            self._told = progress
            turned = f", turned about {', '.join(progress.turned)}" if progress.turned else ""
            self._shown.note(f"{progress.poses} poses{turned}; next: {progress.prompt}")
        return progress.is_complete

    def _progress(self) -> BenchProgress | None:
        if sum(len(view) for view in self._views) < _LEAST_ROWS:
            return None
        time_s = np.concatenate([view.time_s for view in self._views])
        # A late sample stands behind newer ones; for a prompt it can be left out.
        kept = np.concatenate([[True], time_s[1:] > np.maximum.accumulate(time_s)[:-1]])
        acc = np.concatenate([view.acc for view in self._views])
        gyr = np.concatenate([view.gyr for view in self._views])
        return bench_progress(ImuSeries(time_s[kept], acc[kept], gyr[kept]))
