"""Records until it is killed: ``PATH SAMPLES_PER_FLUSH PAUSE_S``; tells what each flush made safe.

Lines on standard output: ``ack ROWS`` after each flush, ``disk MESSAGE`` when the disk is full.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

from imuhip.core.series import Marker
from imuhip.errors import DiskError
from recorded_motion import SEGMENTS, append_block, counters, fit, writer


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(path: Path, block: int, pause_s: float, limit_bytes: int, close: bool) -> None:
    target = writer(path, subject="S01")
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    n_rows = 0
    try:
        while True:
            for segment in SEGMENTS:
                seq = np.arange(n_rows, n_rows + block)
                append_block(target, segment, seq)
                target.append_clock_fit(segment, fit(), seq[-1] / 100)
                target.update_counters(segment, counters(n_rows + block))
            target.append_marker(Marker("block", n_rows, n_rows + block))
            target.append_event(n_rows / 100, None, "block", str(n_rows))
            target.flush()
            n_rows += block
            say(f"ack {n_rows}")
            time.sleep(pause_s)
    except DiskError as error:
        say(f"disk {error.message}")
        if close:
            target.close()
            say("closed")


if __name__ == "__main__":
    name, block, pause_s, limit_bytes, close = sys.argv[1:6]
    main(Path(name), int(block), float(pause_s), int(limit_bytes), close == "close")
