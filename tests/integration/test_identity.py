"""A sensor is its serial number: strangers at its address, and the same sensor elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import ACC_STEP, assert_equals_source, no_thread_left, noise_motion
from imuhip.acquisition.assignment import WantedSensor
from imuhip.acquisition.link_policy import LinkState
from imuhip.errors import ConfigError, SensorNotFoundError, WrongSensorError
from stranger_kit import spec_of, stranger_kit
from virtual_time import VirtualClock, run_virtual

KIT = ("pelvis", "thigh_left", "thigh_right")
SOURCE = noise_motion(KIT, 40.0)
NEW_ADDRESS = "C4:5C:4E:00:0D:99"


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def remembered(address: str, serial: str) -> WantedSensor:
    return WantedSensor(address, serial, "imuhip")


def own_kit() -> dict[str, WantedSensor]:
    specs = [spec_of(segment, place) for place, segment in enumerate(KIT)]
    return {spec.segment: remembered(spec.address, spec.serial) for spec in specs}


def test_a_remembered_sensor_is_found_at_another_address() -> None:
    """As on macOS, where an address is no more than what this computer calls the sensor."""

    async def main(clock: VirtualClock) -> None:
        async with stranger_kit(clock, SOURCE) as (kit, engine):
            sensor = await kit.take_away("thigh_left")
            await kit.wear("thigh_left", spec_of("thigh_left", 1, address=NEW_ADDRESS))
            asked = await kit.wear("trunk", spec_of("thigh_left", 7, serial="NEIGHBOUR"))
            await engine.connect(own_kit())
            status = engine.status().sensors["thigh_left"]
            assert (status.serial, status.address) == (sensor.spec.serial, NEW_ADDRESS)
            assert not asked.is_streaming and not asked.port.is_connected  # asked, and let go of
            await engine.connect(own_kit())  # the same sensors: nothing is let go of
            assert engine.status().sensors["thigh_left"].counters.received > 0
            sensor.close()

    run_virtual(main)


def test_a_stranger_at_the_remembered_address_is_refused(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with stranger_kit(clock, SOURCE) as (kit, engine):
            (await kit.take_away("thigh_left")).close()
            stranger = await kit.wear("thigh_left", spec_of("thigh_left", 1, serial="STRANGER"))
            with pytest.raises(WrongSensorError) as caught:
                await engine.connect(own_kit())
            assert caught.value.code == "E206"
            assert str(caught.value) == (
                "thigh_left: C4:5C:4E:00:0D:01 answered with serial number STRANGER"
                " (imuhip virtual sensor), expected OWN-1; nothing of it is recorded;"
                " connected: pelvis, thigh_right"
            )
            assert "--assign thigh_left=C4:5C:4E:00:0D:01" in caught.value.hint
            assert not stranger.is_streaming and not stranger.port.is_connected
            assert engine.status().sensors["thigh_left"].state is LinkState.IDLE
            # Named by its address alone it is whoever answers there: that is how kits are changed.
            await engine.connect({"thigh_left": stranger.address})
            assert engine.status().sensors["thigh_left"].serial == "STRANGER"

    run_virtual(main)


def test_nobody_with_the_serial_number_is_not_found() -> None:
    async def main(clock: VirtualClock) -> None:
        async with stranger_kit(clock, SOURCE) as (kit, engine):
            (await kit.take_away("pelvis")).close()
            with pytest.raises(SensorNotFoundError, match="pelvis: not found after 3 scans"):
                await engine.connect(own_kit() | {"pelvis": remembered(NEW_ADDRESS, "OWN-0")})

    run_virtual(main)


def test_a_sensor_replaced_in_a_recording_is_missing_until_it_comes_back(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with stranger_kit(clock, SOURCE) as (kit, engine):
            await engine.connect({s: w.address for s, w in own_kit().items()})
            await engine.start_recording(tmp_path / "replaced.h5")
            kit.begin()
            await asyncio.sleep(5.0)
            own = await kit.take_away("thigh_left")
            stranger = await kit.wear("thigh_left", spec_of("thigh_left", 1, serial="STRANGER"))
            await asyncio.sleep(9.0)
            status = engine.status().sensors
            left = status["thigh_left"]
            assert left.state in (LinkState.REFUSED, LinkState.CONNECTING)
            assert (left.grade, left.serial) == ("bad", "OWN-1")
            assert isinstance(left.error, WrongSensorError) and "STRANGER" in str(left.error)
            assert status["pelvis"].state is status["thigh_right"].state is LinkState.STREAMING
            assert not stranger.is_streaming and stranger.sent_samples == 0
            (await kit.take_away("thigh_left")).close()
            await kit.bring_back("thigh_left", own)
            await kit.finished()
            await asyncio.sleep(0.5)
            assert engine.status().all_deliver and engine.status().faults == ()
            result = await engine.stop_recording()
            assert result.counters["pelvis"].lost == result.counters["thigh_right"].lost == 0
            assert result.counters["thigh_left"].duplicated == 0

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "replaced.h5")
    for segment in ("pelvis", "thigh_right"):
        assert_equals_source(recording.sensors[segment], SOURCE.sensors[segment])
    assert recording.devices["thigh_left"].identity.serial == "OWN-1"
    told = [(e.kind, e.text) for e in recording.events if e.segment == "thigh_left"]
    kinds = [kind for kind, _ in told]
    assert [k for k in kinds if k in ("lost", "refused", "recognised", "reconnected")] == [
        "lost", "refused", "recognised", "reconnected"
    ]  # fmt: skip
    assert "STRANGER" in dict(told)["refused"] and "OWN-1" in dict(told)["refused"]
    # Every row is the own sensor's: the stranger felt the same motion, on another clock.
    series = recording.sensors["thigh_left"]
    acc = SOURCE.sensors["thigh_left"].acc
    rows = np.flatnonzero(series.valid & (np.abs(series.gyr) > 0.1).any(axis=1))
    first = rows[0]
    assert np.abs(series.acc[rows] - acc[rows - first]).max() <= 0.51 * ACC_STEP
    assert len(rows) < len(acc) - 850


def test_one_sensor_cannot_be_remembered_for_two_segments() -> None:
    async def main(clock: VirtualClock) -> None:
        async with stranger_kit(clock, SOURCE) as (_, engine):
            with pytest.raises(ConfigError, match="OWN-0 at B: assigned to pelvis and to trunk"):
                await engine.connect(
                    {"pelvis": remembered("A", "OWN-0"), "trunk": remembered("B", "OWN-0")}
                )

    run_virtual(main)
