"""The most memory an analysis takes, in a process of its own.

A process remembers the most memory it ever had; only a fresh one tells that of a single analysis.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import imuhip

__all__ = ["PeakMemory", "peak_memory", "resident_bytes"]


@dataclass(frozen=True, slots=True)
class PeakMemory:
    """Bytes of a process: with the samples read and nothing done yet, and at most."""

    before: int
    peak: int


def resident_bytes(row: str = "VmRSS") -> int | None:
    """Return how much memory this process has now (``"VmHWM"``: had at most), where Linux tells.

    Not from ``getrusage``: a process begins with the maximum of the one that started it.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return None
    rows = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return 1024 * int(rows[row].split()[0])


def peak_memory(recording: imuhip.Recording) -> PeakMemory | None:
    """Analyse the recording in a fresh process; None where the system does not tell its memory."""
    if resident_bytes() is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples.npz"
        arrays = {f"{s}.acc": series.acc for s, series in recording.sensors.items()}
        arrays |= {f"{s}.gyr": series.gyr for s, series in recording.sensors.items()}
        np.savez(path, rate_hz=recording.rate_hz, **arrays)  # type: ignore[arg-type]
        command = [sys.executable, "-m", "benchmarks._peak_memory", str(path)]
        root = Path(__file__).resolve().parents[1]
        told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout
    before, peak = (int(word) for word in told.split())
    return PeakMemory(before, peak)


def _main(path: str) -> None:
    sensors: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path) as samples:
        rate_hz = float(samples["rate_hz"])
        for name in samples.files:
            segment, _, quantity = name.partition(".")
            if quantity:
                sensors.setdefault(segment, {})[quantity] = samples[name]
    recording = imuhip.Recording.from_arrays(rate_hz=rate_hz, sensors=sensors)
    before = resident_bytes()
    imuhip.analyze(recording)
    print(before, resident_bytes("VmHWM"))


if __name__ == "__main__":
    _main(sys.argv[1])
