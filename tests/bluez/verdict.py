"""What came out of the machine, held against what the virtual sensors sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import imuhip
from acquisition_kit import ACC_STEP, GYR_STEP, motion_rows
from imuhip.core.series import ImuSeries
from imuhip.recording.reader import read_packets
from imuhip.recording.session import Recording
from imuhip.sensors.imuhip_v1.packets import decode_packet

__all__ = ["Finding", "delivered_twice", "findings", "sample_findings"]

_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, and whether it is as it must be."""

    about: str
    found: str
    is_right: bool


def findings(
    facts: Mapping[str, Any], path: Path, source: Recording, lost_segment: str
) -> Iterator[Finding]:
    """Yield what is found, in the order in which it happened.

    Parameters
    ----------
    facts : mapping
        What the machine told; see `bluez.guest`.
    path : Path
        The session file it recorded.
    source : Recording
        What the sensors felt.
    lost_segment : str
        Whose link was broken.
    """
    names = sorted(one["name"] for one in facts["scan"] if one["model"] == "imuhip")
    yield Finding("scan", f"found {', '.join(names)}", len(names) == len(source.sensors))
    yield Finding("connect", f"three sensors record after {facts['connect_s']:.1f} s", True)
    yield Finding(
        "link loss",
        f"{lost_segment}: broken after {facts['broken_after_s']:.1f} s,"
        f" streams {facts['streams_after_s']:.1f} s after it came back",
        True,
    )
    told = {s: one["counters"] for s, one in facts["result"]["sensors"].items()}
    reconnects = {segment: counters["reconnects"] for segment, counters in told.items()}
    # On a busy computer others fall silent for so long that they are connected anew, too.
    yield Finding("reconnect", _listed(reconnects), reconnects[lost_segment] >= 1)
    for segment in source.sensors:
        _, packets = read_packets(path, segment)
        twice = delivered_twice(packets)
        dropped = told[segment]["duplicated"]
        text = f"{twice} samples delivered twice, {dropped} dropped"
        yield Finding(f"{segment}: duplicates", text, twice == dropped)
    recording = imuhip.open(path)
    for segment, series in recording.sensors.items():
        yield from sample_findings(
            segment, series, source.sensors[segment], lost=told[segment]["lost"]
        )
    ended = f"exit code {facts['exit_code']}, file {recording.state}"
    is_right = facts["exit_code"] == _INTERRUPTED and recording.state == "complete"
    yield Finding("stop", ended, is_right)
    odd = [line for line in facts["said"] if "Traceback" in line or "error" in line.lower()]
    yield Finding("words", odd[0] if odd else "no error was told", not odd)
    left = facts["left_connected"]
    yield Finding("let go", f"still connected: {', '.join(left) or 'none'}", not left)


def delivered_twice(packets: list[bytes]) -> int:
    """Return how many samples lie in packets that are the same, byte for byte, as one before."""
    seen: set[bytes] = set()
    n_samples = 0
    for packet in packets:
        if packet in seen:
            n_samples += len(decode_packet(packet).counts)
        seen.add(packet)
    return n_samples


def sample_findings(
    segment: str, recorded: ImuSeries, source: ImuSeries, *, lost: int
) -> Iterator[Finding]:
    """Yield whether the motion was recorded once, in order and unaltered, and its losses counted.

    Every sample of the source differs from all others, so one recorded twice shifts the rest.
    """
    rows = motion_rows(recorded)
    n_rows, n_valid = rows.stop - rows.start, int(np.count_nonzero(recorded.valid[rows]))
    n_missing = int(np.count_nonzero(~recorded.valid))
    text = f"{n_rows} rows of {len(source)} samples of motion, {n_missing} missing, {lost} counted"
    is_whole = n_rows == len(source) and n_missing == lost
    yield Finding(f"{segment}: rows", text, is_whole)
    if n_rows == len(source):
        good = recorded.valid[rows]
        acc = np.abs(recorded.acc[rows] - source.acc)[good].max() / ACC_STEP
        gyr = np.abs(recorded.gyr[rows] - source.gyr)[good].max() / GYR_STEP
        worst = max(acc, gyr)
        text = f"{n_valid} samples equal the source within {worst:.2f} of a step"
        yield Finding(f"{segment}: values", text, worst <= 0.51)
    forward = bool(np.all(np.diff(recorded.time_s) > 0))
    yield Finding(f"{segment}: time", "runs forward" if forward else "steps back", forward)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
