"""Records virtual sensors in real time until told to stop: ``acquisition_child.py FILE``.

Prints ``started`` before connecting, ``recording`` at the first status of a running recording, and
at the end one line of what became of it. Run by `test_acquisition_blocking`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from acquisition_kit import noise_motion
from imuhip.acquisition.blocking import record
from imuhip.acquisition.status import AcquisitionStatus
from imuhip.core.link import Radio
from imuhip.simulation.kit import open_virtual_kit

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
ADDRESSES = {
    "pelvis": "C4:5C:4E:00:1A:2B",
    "thigh_left": "C4:5C:4E:00:2C:3D",
    "thigh_right": "C4:5C:4E:00:3E:4F",
}


@asynccontextmanager
async def virtual_radio() -> AsyncIterator[Radio]:
    """Open the kit with the radio, and close it after it."""
    kit = await open_virtual_kit(noise_motion(SEGMENTS, 600.0))
    try:
        yield await kit.radio()
    finally:
        await kit.close()


def main(path: str) -> None:
    told = False

    def on_status(status: AcquisitionStatus) -> None:
        nonlocal told
        if not told and status.recording is not None:
            print("recording", flush=True)
            told = True

    print("started", flush=True)
    result = record(virtual_radio, ADDRESSES, path, on_status=on_status)
    received = min(c.received for c in result.counters.values())
    lost = sum(c.lost for c in result.counters.values())
    print(f"interrupted={result.interrupted} error={result.error} lost={lost} received={received}")


if __name__ == "__main__":
    main(sys.argv[1])
