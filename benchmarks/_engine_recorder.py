"""What `benchmarks.engine` measures: recorder and live angles of seven sensors, in one process.

The six sensors of one person are recorded by the session of ``imuhip record``. A body has no
seventh segment, so the seventh sensor is another person's, recorded by a second engine on the same
adapter into a file of its own. Beside them a thread turns the rings into angles as the live window
does. The result is a line of JSON on stdout, the log of the angles a file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks._engine_air import SEVENTH
from benchmarks._peak_memory import resident_bytes
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import RecordingResult
from imuhip.app.models.sample_feed import AngleFeed
from imuhip.cli.output import following
from imuhip.cli.recording_session import RecordingSession
from imuhip.cli.stop_signals import StopSignals
from imuhip.core.clock import SystemClock
from imuhip.core.sensor import StreamConfig

__all__ = ["LOG_NAME", "RECORDINGS"]

LOG_NAME: Final = "angles.npz"
RECORDINGS: Final = ("person.h5", "seventh.h5")
LOST: Final = "thigh_left"
_SETTLE_S: Final = 2.0
_POLL_S: Final = 0.005
_PATIENCE_S: Final = 30.0


class Air:
    """The process with the sensors."""

    def __init__(self, minutes: float, rate_hz: int, seed: int) -> None:
        command = [sys.executable, "-m", "benchmarks._engine_air"]
        self._process = subprocess.Popen(
            [*command, *map(str, (minutes, rate_hz, seed))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts = self._answer()

    def __enter__(self) -> Air:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, **what: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        assert self._process.stdin is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class View(threading.Thread):
    """Looks for new angles every `look_s`, and logs which it found and when.

    Parameters
    ----------
    rings : dict of segment to SampleRing
        Of the person's sensors.
    rate_hz : float
        Of the angles.
    look_s : float, s
        Time between looks.
    duration_s : float, s
        For which there is room in the log, which must not grow while memory is watched.
    """

    def __init__(
        self, rings: dict[str, SampleRing], rate_hz: float, look_s: float, duration_s: float
    ) -> None:
        super().__init__(name="view")
        n_rows = int(duration_s / look_s) + 100
        self._rings = rings
        self._feed = AngleFeed(rings, rate_hz)
        self._look_s = look_s
        self.segments = self._feed.segments
        self._log = np.full((n_rows, 4 + 2 * len(self.segments)), np.nan)
        self._n_rows = 0
        self._ending = threading.Event()
        self.angles_cpu_s = self.own_cpu_s = 0.0

    def run(self) -> None:
        """Look until told to end."""
        while not self._ending.wait(self._look_s):
            begin_s = time.thread_time()
            angles = self._feed.new_angles()
            done_s = time.monotonic()
            angles_s = time.thread_time()
            self.angles_cpu_s += angles_s - begin_s
            if len(angles.time_s) and self._n_rows < len(self._log):
                told = float(np.isfinite(angles.values["hip_rotation_left"]).sum())
                newest = [self._rings[segment].latest(1) for segment in self.segments]
                row = [done_s, angles.time_s[0], angles.time_s[-1], told]
                row += [value for one in newest for value in (one.seq[0], one.time_s[0])]
                self._log[self._n_rows] = row
                self._n_rows += 1
            self.own_cpu_s += time.thread_time() - angles_s

    def finish(self, path: Path) -> None:
        """End, and write the log."""
        self._ending.set()
        self.join()
        np.savez(path, log=self._log[: self._n_rows], segments=self.segments)


def _measured(
    air: Air, session: RecordingSession, folder: Path, options: Mapping[str, Any]
) -> dict[str, Any]:
    rate_hz, duration_s = options["rate_hz"], 60.0 * options["minutes"]
    worn = {name: one["address"] for name, one in air.facts["sensors"].items()}
    seventh = worn.pop(SEVENTH)
    session.open()
    engine = session.acquisition.engine
    begin_s = time.monotonic()
    session.connect(worn)
    # The adapter is the engine's own; a second person on it is what only this benchmark wants.
    radio = engine._radio  # noqa: SLF001
    other = Engine(
        radio,
        SystemClock(),
        EngineOptions(stream=StreamConfig(rate_hz), samples_timeout_s=_PATIENCE_S),
    )
    submit = session.acquisition.submit
    submit(other.connect({"pelvis": seventh})).result()
    facts: dict[str, Any] = {"connect_s": time.monotonic() - begin_s}
    rings = {segment: session.acquisition.ring(segment) for segment in worn}
    view = View(rings, rate_hz, options["look_s"], duration_s + 60.0)
    facts["host_zero_s"] = time.monotonic() - session.status().at_s
    view.start()
    try:
        session.start(folder / RECORDINGS[0], {"radio": "benchmark", "rate_hz": str(rate_hz)})
        submit(other.start_recording(folder / RECORDINGS[1])).result()
        facts |= _followed(session, view, duration_s)
    finally:
        view.finish(folder / LOG_NAME)
    results = [session.finish(), submit(other.stop_recording()).result()]
    facts["counters"] = _counters(results)
    facts["sent"] = air.ask(do="tell")
    facts["returns"] = [_returned(air, session, away_s) for away_s in options["away_s"]]
    submit(other.close()).result()
    return facts


def _followed(session: RecordingSession, view: View, duration_s: float) -> dict[str, Any]:
    """Let `imuhip record` follow the recording; note what it takes, second by second."""
    n_rows = int(duration_s) + 10
    seconds = np.full((n_rows, 2), np.nan)
    n_seconds = 0

    def often(elapsed_s: float) -> None:
        nonlocal n_seconds
        if elapsed_s >= n_seconds and n_seconds < n_rows:
            seconds[n_seconds] = elapsed_s, resident_bytes() or np.nan
            n_seconds += 1

    begin_s, begin_cpu_s = time.monotonic(), time.process_time()
    begin_angles_s, begin_own_s = view.angles_cpu_s, view.own_cpu_s
    with following("recording", duration_s) as shown:
        session.follow(duration_s, shown, often=often)
    took_s = time.monotonic() - begin_s
    own_s = view.own_cpu_s - begin_own_s
    return {
        "took_s": took_s,
        "cpu_s": time.process_time() - begin_cpu_s - own_s,
        "angles_cpu_s": view.angles_cpu_s - begin_angles_s,
        "resident": seconds[:n_seconds].tolist(),
    }


def _returned(air: Air, session: RecordingSession, away_s: float) -> dict[str, float]:
    """Let a sensor vanish and come back; return how long it took to stream again, s."""
    back_s = air.ask(do="lose", sensor=LOST, away_s=away_s)["back_s"]
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s:
        sensor = session.status().sensors[LOST]
        age_s, now_s = sensor.last_packet_age_s, time.monotonic()
        if age_s is not None and now_s - age_s > back_s and sensor.is_delivering:
            time.sleep(_SETTLE_S)
            return {"away_s": away_s, "took_s": now_s - age_s - back_s}
        time.sleep(_POLL_S)
    return {"away_s": away_s, "took_s": float("inf")}


def _counters(results: list[RecordingResult]) -> dict[str, Any]:
    person, seventh = (result.counters for result in results)
    counters = {**person, SEVENTH: seventh["pelvis"]}
    return {name: asdict(one) for name, one in counters.items()}


def main(folder: Path, options: Mapping[str, Any]) -> None:
    """Measure, and print the facts."""
    with (
        Air(options["minutes"] + 1.0, options["rate_hz"], options["seed"]) as air,
        StopSignals() as stop,
    ):
        radio = "hci:" + air.facts["listening"].replace("server", "client")
        with RecordingSession(radio, options["rate_hz"], stop) as session:
            facts = _measured(air, session, folder, options)
    print(json.dumps({**facts, "sensors": air.facts["sensors"]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
