"""Whether recording seven sensors at 200 Hz keeps what is promised, over two processes.

In one process virtual sensors on a virtual radio, whose controller is reached by HCI over TCP. In
the other what ``imuhip record`` runs: Bleak over a host in Python, engine and writer, and beside it
the live angles, looked for every 10 ms. Six sensors are one person's, the seventh another's. The
radio delivers at once, so latencies are beside the connection interval of a real one. After the
recording a sensor vanishes several times and comes back.
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
_CALIBRATED_S: Final = 120.0
"""By then the live calibration was found for the last time and holds its gait no longer."""

_WRONG: Final = ("lost", "duplicated", "reordered", "bad_packets", "overrun_packets", "backfilled")


def main(arguments: list[str]) -> int:
    """Print what was found beside what is promised; return 1 when a promise is not kept."""
    options = _arguments(arguments)
    say = Printed("engine", arguments)
    with tempfile.TemporaryDirectory() as folder:
        facts = _facts(Path(folder), options)
        log, person = Path(folder) / LOG_NAME, Path(folder) / RECORDINGS[0]
        late_s, shown_s = angle_latencies(log, person, facts["sensors"], options.rate)
    say(
        f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}; load of this computer when it ended: {_load()}"
    )
    promises = [*_counted(say, facts), *_told(say, facts, late_s, shown_s)]
    kept = all(promise.is_kept for promise in promises)
    for promise in promises:
        say(str(promise))
    if options.write:
        say.write(options.document)
    return 0 if kept else 1


def _counted(say: Printed, facts: Mapping[str, Any]) -> list[Promise]:
    counters = facts["counters"]
    received = sum(one["received"] for one in counters.values())
    say(
        f"{len(counters)} sensors, {facts['took_s'] / 60:.1f} min, {received} samples;"
        f" given up by a sensor: {sum(dropped for _, dropped in facts['sent'].values())}"
    )
    return [
        Promise(f"samples {name}" if "_" not in name else name.replace("_", " "), total, 0, "")
        for name in _WRONG
        for total in [float(sum(one[name] for one in counters.values()))]
    ]


def _told(
    say: Printed, facts: Mapping[str, Any], late_s: np.ndarray, shown_s: np.ndarray
) -> list[Promise]:
    took_s, resident = facts["took_s"], np.array(facts["resident"])
    share, angles = 100 * facts["cpu_s"] / took_s, 100 * facts["angles_cpu_s"] / took_s
    settled = np.searchsorted(resident[:, 0], min(_CALIBRATED_S, 0.5 * took_s))
    grown = float(resident[-1, 1] - resident[settled, 1]) / 2**20
    filled = float(resident[settled, 1] - resident[0, 1]) / 2**20
    say(f"memory filled with the gait that the live calibration looks at: {filled:.1f} MiB")
    late_ms, shown_ms = 1e3 * late_s, 1e3 * shown_s
    say(f"of one core: recorder {share - angles:.1f} %, live angles {angles:.1f} %")
    say(
        f"latency of {len(late_ms)} samples of angles: median {np.median(late_ms):.1f} ms, 99 %"
        f" {np.quantile(late_ms, 0.99):.1f} ms, longest {late_ms.max():.0f} ms;"
        f" from the motion itself, filling of packets included: median {np.median(shown_ms):.0f} ms"
    )
    since = f"min {resident[settled, 0] / 60:.1f}"
    return [
        Promise("recorder and live angles together", share, 30, "%"),
        Promise(f"memory from {since} to the end, growth", grown, 5, "MiB"),
        Promise("notification to angle, median", float(np.median(late_ms)), 15, "ms"),
        Promise("notification to angle, 99 %", float(np.quantile(late_ms, 0.99)), 60, "ms"),
        Promise(f"connecting {len(facts['sensors'])} sensors", facts["connect_s"], 5, "s"),
        *(
            Promise(f"streams again, back after {one['away_s']:g} s", one["took_s"], 3, "s")
            for one in facts["returns"]
        ),
    ]


def _facts(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run the recorder, whose memory and time nothing else of the benchmark touches."""
    asked = {
        "rate_hz": options.rate,
        "minutes": options.minutes,
        "seed": options.seed,
        "look_s": 1e-3 * options.look_ms,
        "away_s": options.away,
    }
    command = [sys.executable, "-m", "benchmarks._engine_recorder", str(folder), json.dumps(asked)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def _load() -> str:
    """Return how many processes want a core, where the system tells."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="recorded (default 10)")
    parser.add_argument("--rate", type=int, default=200, help="Hz (default 200)")
    parser.add_argument("--seed", type=int, default=71, help="the person (default 71)")
    parser.add_argument(
        "--look-ms", type=float, default=10.0, help="between looks for new angles (default 10)"
    )
    parser.add_argument(
        "--away",
        type=float,
        nargs="*",
        default=[1.0, 5.0, 60.0],
        metavar="S",
        help="how long a sensor stays away after its link broke (default 1 5 60)",
    )
    add_write(parser)
    return parser.parse_args(arguments)
