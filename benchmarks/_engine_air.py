"""Seven virtual sensors on a virtual radio, in a process of their own, for `benchmarks.engine`.

Six are worn by one person, the seventh by another. Asked by lines of JSON on stdin, they vanish and
come back, and tell how many samples they sent; every answer is a line of JSON on stdout.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from imuhip.core.segments import SEGMENTS
from imuhip.simulation.kit import VirtualKit, open_virtual_kit, virtual_person
from imuhip.simulation.shared_motion import SharedMotion
from imuhip.simulation.virtual_sensor import SensorSpec, VirtualSensor

__all__ = ["SEVENTH"]

SEVENTH: Final = "seventh"
_ADDRESS: Final = "C4:5C:4E:00:77:77"
_STEP_S: Final = 0.002


async def _serve(minutes: float, rate_hz: float, seed: int) -> None:
    person = virtual_person("walk", minutes, seed=seed, rate_hz=rate_hz, segments=SEGMENTS)
    kit = await open_virtual_kit(person, at_end="loop", exact=False, back_fills=True)
    other = SharedMotion(
        {"pelvis": person.sensors["pelvis"]}, rate_hz, begin="first", at_end="loop"
    )
    spec = SensorSpec("pelvis", "SEVENTH", _ADDRESS, skew_ppm=-4.0, back_fills=True)
    seventh = VirtualSensor(spec, other)
    await kit.air.hang(seventh)
    sensors = {**kit.sensors, SEVENTH: seventh}
    _answer(
        {
            "listening": await kit.air.serve_hci("tcp-server:127.0.0.1:0"),
            "sensors": {name: _clock(sensor) for name, sensor in sensors.items()},
        }
    )
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        _answer(await _done(kit, sensors, json.loads(line)))
    seventh.close()
    await kit.close()


def _clock(sensor: VirtualSensor) -> dict[str, Any]:
    """Return what turns the sensor's clock into this computer's, which all processes share."""
    now_s = asyncio.get_running_loop().time()
    return {
        "address": sensor.address,
        "clock_us": sensor.clock_us(now_s),
        "monotonic_s": now_s,
        "skew_ppm": sensor.spec.skew_ppm,
    }


async def _done(
    kit: VirtualKit, sensors: Mapping[str, VirtualSensor], asked: Mapping[str, Any]
) -> dict[str, Any]:
    if asked["do"] == "tell":
        return {name: [s.sent_samples, s.dropped_samples] for name, s in sensors.items()}
    sensor = sensors[asked["sensor"]]
    kit.air.lose(sensor.address)
    while sensor.port.is_connected:  # noqa: ASYNC110  # the link tells nobody
        await asyncio.sleep(_STEP_S)
    await asyncio.sleep(asked["away_s"])
    kit.air.regain(sensor.address)
    return {"back_s": asyncio.get_running_loop().time()}


def _answer(facts: Mapping[str, Any]) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
