"""A sensor shows itself, worn or not, and all are let go of: over virtual Bluetooth."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="virtual Bluetooth is not installed")

from acquisition_kit import kit_and_engine, noise_motion
from imuhip.acquisition.engine import EngineOptions
from imuhip.errors import ConnectError, RecordingError, SensorNotFoundError
from virtual_time import VirtualClock, run_virtual

THREE = ("pelvis", "thigh_left", "thigh_right")


def test_sensors_blink_while_they_stream_and_before_they_are_worn(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, noise_motion(THREE, 2.0)) as (kit, engine):
            pelvis, left, right = (kit.assignment[segment] for segment in THREE)
            with pytest.raises(SensorNotFoundError, match="not heard") as caught:
                await engine.blink(left)
            assert "look for sensors" in caught.value.hint
            seen = []
            await engine.scan(2.0, lambda heard: seen.append(heard.address))
            assert {pelvis, left, right} <= set(seen)
            await engine.blink(left.lower())
            assert [kit.sensors[s].identified for s in THREE] == [0, 1, 0]
            await engine.connect({"pelvis": pelvis, "thigh_left": left})
            await engine.start_recording(tmp_path / "s.h5")
            before = engine.status().sensors["pelvis"].counters.received
            await engine.blink(pelvis)
            await engine.blink(right)
            assert [kit.sensors[s].identified for s in THREE] == [1, 1, 1]
            with pytest.raises(RecordingError):
                await engine.release()
            await engine.stop_recording()
            counters = engine.status().sensors["pelvis"].counters
            assert counters.received > before and counters.lost == 0
            await engine.release()
            assert engine.status().sensors == {}
            await engine.connect({"pelvis": pelvis})  # they can be had again
            assert set(engine.status().sensors) == {"pelvis"}

    run_virtual(main)


def test_a_model_that_cannot_blink_says_so() -> None:
    async def main(clock: VirtualClock) -> None:
        motion = noise_motion(("pelvis", "thigh_left"), 2.0)
        options = EngineOptions(any_rate=True, any_ranges=True)
        async with kit_and_engine(clock, motion, options, sensor="witmotion") as (kit, engine):
            await engine.scan(2.0)
            with pytest.raises(ConnectError, match="cannot be told to blink"):
                await engine.blink(kit.assignment["pelvis"])

    run_virtual(main)
