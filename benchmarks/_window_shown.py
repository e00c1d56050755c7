"""What `benchmarks.window` measures: the window on seven sensors, offscreen, in one process.

The window is the one people see, its timer, keys and threads included. Six sensors are one
person's; a body has no seventh segment, so the seventh sensor is another person's, streamed by a
second engine on the same adapter and recorded into a file of its own. First the window runs and is
watched; then its thread is held up, twice; then it is closed. The result is a line of JSON on
stdout, and a log of frames that has the form of `benchmarks._engine_recorder`'s.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer

from benchmarks._engine_air import SEVENTH
from benchmarks._engine_recorder import LOG_NAME, RECORDINGS, Air
from benchmarks._peak_memory import resident_bytes
from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.live_source import AcquisitionSource
from imuhip.app.models.palette import LIGHT, PATTERNS
from imuhip.app.views.curves import RollingCurve
from imuhip.app.views.live_window import LiveWindow, make_application
from imuhip.core.clock import SystemClock
from imuhip.core.segments import PELVIS_ANGLES
from imuhip.core.sensor import StreamConfig
from imuhip.radio.open_radio import open_radio

__all__ = ["N_CURVES"]

N_CURVES: Final = 12
_PATIENCE_S: Final = 60.0
_LOOP_S: Final = 600.0
"""A longer person would take the sensors' process minutes to imagine; this one walks on."""


class WatchedWindow(LiveWindow):
    """The window, which notes when a frame was painted and how far its curves reached.

    Parameters
    ----------
    model : LiveModel
    duration_s : float, s
        For which there is room in the log, which must not grow while memory is watched.
    """

    def __init__(self, model: LiveModel, duration_s: float) -> None:
        super().__init__(model)
        self.n_frames = 0
        self.held_s = {"models and curves": 0.0, "painting": 0.0}
        self._painted = False
        self._log = np.full((int(45 * duration_s) + 100, 4 + 2 * 6), np.nan)
        self._n_rows = 0
        self._frame_s = np.full(len(self._log), np.nan)
        panels = self.screen_widget.panels
        # What is painted is the curve's own affair; only a benchmark asks how far it reaches.
        self._curve = panels[0]._curves[0]  # noqa: SLF001
        self._more: list[tuple[str, RollingCurve]] = []
        shown = sum(len(panel.plan.angles) for panel in panels)
        # What the window lacks for the promised number: pelvis angles among those of the hips.
        for angle, panel in zip(PELVIS_ANGLES[: N_CURVES - shown], panels, strict=False):
            curve = RollingCurve(panel.plot.getPlotItem().getViewBox(), PATTERNS[angle])
            curve.set_colour(LIGHT.curves[angle], LIGHT.panel)
            self._more.append((angle, curve))
        self.n_curves = shown + len(self._more)
        panels[0].plot.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """See that the plot is among what is painted."""
        if event.type() == QEvent.Type.Paint:
            self._painted = True
        return False

    def tick(self) -> None:
        """Draw what the window draws, and the curves it lacks."""
        begin_s = time.monotonic()
        super().tick()
        for angle, curve in self._more:
            curve.show_curve(self.model.history.curve(angle), self.model.history.rate_hz)
        self.held_s["models and curves"] += time.monotonic() - begin_s

    def event(self, event: QEvent) -> bool:
        """Note the time when everything that was to be painted is painted."""
        begin_s = time.monotonic()
        done = super().event(event)
        if event.type() == QEvent.Type.UpdateRequest:  # one for each of the four plots
            now_s = time.monotonic()
            self.held_s["painting"] += now_s - begin_s
            if self._painted:
                self._painted = False
                self._note(now_s)
        return done

    def _note(self, now_s: float) -> None:
        if self.n_frames >= len(self._frame_s):
            return
        self._frame_s[self.n_frames] = now_s
        self.n_frames += 1
        path = self._curve._line.path()  # noqa: SLF001
        n_points, rings = path.elementCount(), self.model.rings
        if n_points == 0:
            return
        to_s = self.model.history.now_s + path.elementAt(n_points - 1).x
        from_s = self._log[self._n_rows - 1, 2] if self._n_rows else to_s - 1e-6
        if to_s - from_s < 1e-9:
            return  # nothing new in this frame
        newest = [ring.latest(1) for ring in rings.values()]
        row = [now_s, from_s + 1.0 / self.model.history.rate_hz, to_s, 1.0]
        row += [value for one in newest for value in (one.seq[0], one.time_s[0])]
        self._log[self._n_rows] = row
        self._n_rows += 1

    def frames_s(self, begin_s: float, end_s: float) -> np.ndarray:
        """Return when frames were painted, s."""
        inside = (self._frame_s >= begin_s) & (self._frame_s < end_s)
        return self._frame_s[inside]

    def save_log(self, path: Path, until_s: float) -> None:
        """Write which frames were painted until then."""
        log = self._log[: self._n_rows]
        np.savez(path, log=log[log[:, 0] < until_s], segments=list(self.model.rings))


def _compute(seconds: float) -> None:
    """Hold the thread up by Python that never waits, as a slow calculation would."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        pass


def _until(application: Any, condition: Callable[[], bool]) -> None:
    """Let the window live until then."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError("waited in vain for the window")
        application.processEvents()
        time.sleep(0.005)


def _for(seconds: float) -> None:
    """Let the window live for so long, in Qt's own loop; the application's own would close it."""
    loop = QEventLoop()
    QTimer.singleShot(round(1e3 * seconds), loop.quit)
    loop.exec()


def _watched(window: WatchedWindow, duration_s: float) -> dict[str, Any]:
    """Watch frames, thread, memory and references."""
    n_rows = int(duration_s) + 10
    seconds = np.full((n_rows, 3), np.nan)
    n_seconds = 0
    begin_s = time.monotonic()

    def each_second() -> None:
        nonlocal n_seconds
        if n_seconds < n_rows:
            facts = time.monotonic() - begin_s, resident_bytes() or np.nan, sys.getrefcount(None)
            seconds[n_seconds] = facts
            n_seconds += 1

    timer = QTimer()
    timer.timeout.connect(each_second)
    timer.start(1000)
    held_s, cpu_s, all_cpu_s = dict(window.held_s), time.thread_time(), time.process_time()
    _for(duration_s)
    end_s = time.monotonic()
    timer.stop()
    frames_s = window.frames_s(begin_s, end_s)
    each = np.bincount((frames_s - begin_s).astype(int))[: int(end_s - begin_s)]
    return {
        "took_s": end_s - begin_s,
        "end_s": end_s,
        "n_frames": len(frames_s),
        "frames_each_second": each.tolist(),
        "longest_frame_s": float(np.diff(frames_s).max()) if len(frames_s) > 1 else None,
        "gui_cpu_s": time.thread_time() - cpu_s,
        "held_s": {name: until - held_s[name] for name, until in window.held_s.items()},
        "cpu_s": time.process_time() - all_cpu_s,
        "seconds": seconds[:n_seconds].tolist(),
    }


def _measured(air: Air, folder: Path, minutes: float, rate_hz: int) -> dict[str, Any]:
    application = make_application()
    worn = {name: one["address"] for name, one in air.facts["sensors"].items()}
    seventh = worn.pop(SEVENTH)
    radio = "hci:" + air.facts["listening"].replace("server", "client")
    options = EngineOptions(stream=StreamConfig(rate_hz), simulated=True)
    with Acquisition(lambda: open_radio(radio), options) as acquisition:
        acquisition.connect(worn)
        # The adapter is the engine's own; a second person on it is what only benchmarks want.
        other = Engine(acquisition.engine._radio, SystemClock(), options)  # noqa: SLF001
        acquisition.submit(other.connect({"pelvis": seventh})).result()
        model = LiveModel(AcquisitionSource(acquisition), out=folder / RECORDINGS[0])
        window = WatchedWindow(model, 60.0 * minutes + 2 * _PATIENCE_S)
        window.go_to("live")
        window.show()
        window.start()
        acquisition.submit(other.start_recording(folder / RECORDINGS[1])).result()
        window.toggle_recording()
        _until(application, lambda: model.recording.phase == "recording")
        # Curves begin with the calibration; frames of empty plots would be too cheap.
        _until(application, lambda: model.history.reading("hip_rotation_left").is_known)
        _for(model.history.span_s)
        facts = _watched(window, 60.0 * minutes)
        window.save_log(folder / LOG_NAME, facts["end_s"])
        facts["held_up_s"] = []
        for hold_up in (time.sleep, _compute):
            begun_s = time.monotonic()
            hold_up(2.0)
            facts["held_up_s"].append(time.monotonic() - begun_s)
            _for(2.0)
        facts["missed_on_screen"] = model.n_missed
        window.toggle_recording()
        _until(application, lambda: model.recording.phase == "idle")
        results = [*model.control.results, acquisition.submit(other.stop_recording()).result()]
        acquisition.submit(other.close()).result()
        window.close()
    window.deleteLater()
    application.processEvents()
    person, seventh_result = results
    counters = {**person.counters, SEVENTH: seventh_result.counters["pelvis"]}
    facts["counters"] = {name: asdict(one) for name, one in counters.items()}
    facts["sent"] = air.ask(do="tell")
    facts["threads_left"] = [t.name for t in threading.enumerate() if t.name != "MainThread"]
    return {**facts, "n_curves": window.n_curves, "size_px": window.size().toTuple()}


def main(folder: Path, options: Mapping[str, Any]) -> None:
    """Measure, and print the facts."""
    minutes, rate_hz = options["minutes"], options["rate_hz"]
    with Air(min(minutes + 2.0, _LOOP_S / 60.0), rate_hz, options["seed"]) as air:
        facts = _measured(air, folder, minutes, rate_hz)
        print(json.dumps({**facts, "sensors": air.facts["sensors"]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
