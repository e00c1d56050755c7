"""Whether the window keeps what is promised while it draws seven sensors.

The window people see, 1280 x 800 and drawn into memory, on seven virtual sensors that are a process
of their own, reached by HCI over TCP. It records, and draws twelve curves of ten seconds: its own,
and pelvis angles beside those of the hips for what it lacks of twelve. Then its thread is held up
for two seconds, once waiting and once computing. The radio delivers at once, so latencies are
beside the connection interval of a real one and beside the filling of packets.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks._document import Printed, add_write
from benchmarks._engine_latency import angle_latencies
from benchmarks._engine_recorder import LOG_NAME, RECORDINGS
from benchmarks._promise import Promise

ROOT: Final = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Print what was found beside what is promised; return 1 when a promise is not kept."""
    options = _arguments(arguments)
    say = Printed("window", arguments)
    with tempfile.TemporaryDirectory() as folder:
        facts = _facts(Path(folder), options)
        log, person = Path(folder) / LOG_NAME, Path(folder) / RECORDINGS[0]
        late_s, shown_s = angle_latencies(log, person, facts["sensors"], options.rate)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    say(
        f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}; load of this computer when it ended: {load}"
    )
    promises = [*_drawn(say, facts), *_late(say, late_s, shown_s), *_counted(say, facts)]
    for promise in promises:
        say(str(promise))
    if options.write:
        say.write(options.document)
    return 0 if all(promise.is_kept for promise in promises) else 1


def _drawn(say: Printed, facts: Mapping[str, Any]) -> list[Promise]:
    took_s, n_frames = facts["took_s"], facts["n_frames"]
    width_px, height_px = facts["size_px"]
    each = np.array(facts["frames_each_second"])
    say(
        f"{facts['n_curves']} curves of 10 s at {width_px} x {height_px}, {took_s / 60:.1f} min,"
        f" {n_frames} frames; in the slowest second {each.min()}, longest wait for a frame"
        f" {1e3 * facts['longest_frame_s']:.0f} ms"
    )
    held = ", ".join(f"{1e3 * s / n_frames:.1f} ms {name}" for name, s in facts["held_s"].items())
    say(
        f"of one core: window's thread {100 * facts['gui_cpu_s'] / took_s:.1f} %, all of the"
        f" process {100 * facts['cpu_s'] / took_s:.1f} %; of the clock a frame takes {held}, waits"
        " for a core and for Python included"
    )
    at_s, resident, references = np.array(facts["seconds"]).T
    settled = min(np.searchsorted(at_s, min(60.0, 0.5 * took_s)), len(at_s) - 1)
    grown = float(resident[-1] - resident[settled]) / 2**20
    fallen = float(references[settled] - references[-1]) / n_frames
    since = f"min {at_s[settled] / 60:.1f}"
    told = [Promise("references to None lost per frame", fallen, 0.05, "")]
    return [
        Promise("frames per second", n_frames / took_s, 30, "", at_least=True),
        Promise("window's thread, of one core", 100 * facts["gui_cpu_s"] / took_s, 50, "%"),
        Promise(f"memory from {since} to the end, growth", grown, 5, "MiB"),
        # None is immortal from Python 3.12 on, and its references are not counted.
        *(told if sys.version_info < (3, 12) else []),
        Promise("threads left when closed", len(facts["threads_left"]), 0, ""),
    ]


def _late(say: Printed, late_s: np.ndarray, shown_s: np.ndarray) -> list[Promise]:
    late_ms, shown_ms = 1e3 * late_s, 1e3 * shown_s
    say(
        f"from the hand-over of a notification to the painted curve, {len(late_ms)} samples: median"
        f" {np.median(late_ms):.0f} ms, 99 % {np.quantile(late_ms, 0.99):.0f} ms, longest"
        f" {late_ms.max():.0f} ms; from the motion itself, filling of packets included: median"
        f" {np.median(shown_ms):.0f} ms"
    )
    return [
        Promise("motion to pixel beside the radio's, median", float(np.median(late_ms)), 80, "ms")
    ]


def _counted(say: Printed, facts: Mapping[str, Any]) -> list[Promise]:
    counters = facts["counters"]
    held_up = " and ".join(f"{one:.1f} s" for one in facts["held_up_s"])
    say(
        f"{len(counters)} sensors, {sum(one['received'] for one in counters.values())} samples"
        f" received, thread held up for {held_up}; given up by a sensor:"
        f" {sum(dropped for _, dropped in facts['sent'].values())}"
    )
    return [
        Promise(f"samples {name}, thread held up twice", float(total), 0, "")
        for name in ("lost", "duplicated", "reordered")
        for total in [sum(one[name] for one in counters.values())]
    ] + [
        Promise("samples that never came to the screen", float(facts["missed_on_screen"]), 0, ""),
    ]


def _facts(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run the window, whose memory and time nothing else of the benchmark touches."""
    asked = {"rate_hz": options.rate, "minutes": options.minutes, "seed": options.seed}
    command = [sys.executable, "-m", "benchmarks._window_shown", str(folder), json.dumps(asked)]
    own = {
        "QT_QPA_PLATFORM": "offscreen",
        "IMUHIP_SETTINGS_DIR": str(folder / "settings"),
        "IMUHIP_CACHE_DIR": str(folder / "cache"),
        "IMUHIP_PEOPLE_DIR": str(folder / "people"),
        "IMUHIP_NAMES_FILE": str(folder / "names"),
    }
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **own}, check=True
    )
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks window",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="watched (default 10)")
    parser.add_argument("--rate", type=int, default=100, help="Hz (default 100)")
    parser.add_argument("--seed", type=int, default=71, help="the person (default 71)")
    add_write(parser)
    return parser.parse_args(arguments)
