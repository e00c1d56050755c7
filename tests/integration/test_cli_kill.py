"""``imuhip record`` killed outright: what had arrived half a second before is in the file."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import imuhip
from imuhip.recording.reader import read_packets
from imuhip.recording.recovery import recover

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL"),
]

CHILD = Path(__file__).parent / "kill_child.py"
N_KILLS = 20
AT_ONCE = 4
LOSABLE_S = 0.5
PACKET_S = 0.06
"""Time between packets: what came last before the limit can be this much older than it."""
SEGMENTS = ("pelvis", "thigh_left", "thigh_right")


@dataclass(frozen=True)
class Kill:
    path: Path
    recorded_s: float
    at_unix_s: float


def _record_and_kill(recordings: dict[Path, float]) -> list[Kill]:
    done = subprocess.run(
        [sys.executable, str(CHILD), *(f"{path}={s}" for path, s in recordings.items())],
        capture_output=True,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return [Kill(Path(one["path"]), one["recorded_s"], one["at_unix_s"]) for one in told]


class Stalls(threading.Thread):
    """Measures for how long this machine lets a thread wait that is ready to run."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest_s = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        before_s = time.monotonic()
        while not self._ended.wait(0.01):
            now_s = time.monotonic()
            self.longest_s = max(self.longest_s, now_s - before_s - 0.01)
            before_s = now_s

    def __enter__(self) -> Stalls:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


@pytest.fixture(scope="module")
def stalls() -> Iterator[Stalls]:
    with Stalls() as measured:
        yield measured


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory, stalls: Stalls) -> list[Kill]:
    folder = tmp_path_factory.mktemp("kills")
    moments = random.Random(20261121)
    recordings = [(folder / f"{k}.h5", moments.uniform(0.5, 3.0)) for k in range(N_KILLS)]
    lanes = [dict(recordings[lane::AT_ONCE]) for lane in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [kill for kills in pool.map(_record_and_kill, lanes) for kill in kills]


def test_every_killed_recording_is_recovered_up_to_half_a_second(
    kills: list[Kill], stalls: Stalls
) -> None:
    stall_s = stalls.longest_s
    losses_s = []
    for kill in kills:
        with pytest.raises(imuhip.ImuhipError, match="never closed"):
            imuhip.open(kill.path)
        before = kill.path.read_bytes()
        found = recover(kill.path)
        assert kill.path.read_bytes() == before
        recording = imuhip.open(found.recovered)
        assert recording.state == "recovered"
        assert tuple(recording.sensors) == SEGMENTS
        for segment, series in recording.sensors.items():
            assert found.sensors[segment].missing_numbers == 0
            assert found.sensors[segment].repeated_numbers == 0
            assert series.valid.all()
            # Sample numbers are contiguous, so times are evenly spaced.
            np.testing.assert_allclose(np.diff(series.time_s), 0.01, atol=0.002)
            arrival_s, packets = read_packets(found.recovered, segment)
            assert len(packets) == found.sensors[segment].packets > 0
            last_unix_s = recording.start_time.timestamp() + arrival_s[-1]
            losses_s.append(kill.at_unix_s - last_unix_s)
    print(
        f"{len(kills)} kills after {min(k.recorded_s for k in kills):.2f} to"
        f" {max(k.recorded_s for k in kills):.2f} s: newest packet recovered is"
        f" {np.median(losses_s):.3f} s (median) to {max(losses_s):.3f} s (worst) old;"
        f" the machine stalled for up to {stall_s:.3f} s"
    )
    assert len(kills) >= 20
    assert np.median(losses_s) <= LOSABLE_S
    assert max(losses_s) <= LOSABLE_S + PACKET_S + stall_s
