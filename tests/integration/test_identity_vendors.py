"""Sensors of other makers in each other's place: which can be told apart, and which cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acquisition_kit import no_thread_left, noise_motion
from imuhip.acquisition.assignment import WantedSensor
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.cli.commands import build
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import WrongSensorError
from imuhip.radio.virtual_air import VirtualAir
from imuhip.recording.session import DeviceRecord
from imuhip.sensors.driver import states_serial
from imuhip.sensors.registry import DRIVERS
from imuhip.simulation.models import VIRTUAL_MODELS
from imuhip.simulation.shared_motion import SharedMotion
from imuhip.simulation.virtual_sensor import SensorSpec
from virtual_time import VirtualClock, run_virtual

ADDRESS = "C4:5C:4E:00:0F:01"
RATE_HZ = {"movella_dot": 60, "movesense": 104, "polar": 52}


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


@pytest.mark.parametrize("model", sorted(VIRTUAL_MODELS))
def test_another_sensor_of_the_same_model_at_the_same_address(model: str) -> None:
    source = noise_motion(("pelvis",), 5.0)
    options = EngineOptions(stream=StreamConfig(rate_hz=RATE_HZ.get(model, 100)))

    async def main(clock: VirtualClock) -> None:
        air = VirtualAir()
        motion = SharedMotion(source.sensors, source.rate_hz, begin="explicit")
        made = [
            VIRTUAL_MODELS[model](SensorSpec("pelvis", serial, ADDRESS), motion)
            for serial in ("SIM-0001", "SIM-0002")
        ]
        try:
            await air.hang(made[0])
            async with Engine(await air.radio(), clock, options) as engine:
                await engine.connect({"pelvis": ADDRESS})
                status = engine.status().sensors["pelvis"]
            await air.take_off(ADDRESS)
            await air.hang(made[1])
            known = WantedSensor(ADDRESS, status.serial, status.driver)
            (driver,) = (driver for driver in DRIVERS if driver.model == status.driver)
            assert known.has_serial is states_serial(driver)
            async with Engine(await air.radio(), clock, options) as engine:
                if known.has_serial:
                    with pytest.raises(WrongSensorError, match=f"expected {status.serial}"):
                        await engine.connect({"pelvis": known})
                else:
                    await engine.connect({"pelvis": known})  # nothing tells them apart
        finally:
            for sensor in made:
                sensor.close()
            await air.close()

    run_virtual(main)


def test_models_without_a_serial_number_are_named() -> None:
    assert [d.model for d in DRIVERS if not states_serial(d)] == ["Thingy:52"]


def test_check_tells_which_sensors_are_known_by_their_address(tmp_path: Path) -> None:
    source = noise_motion(("pelvis", "thigh_left"), 2.0)
    numbers = {"pelvis": "SN-1", "thigh_left": ADDRESS}
    devices = {
        segment: DeviceRecord(SensorIdentity("m", serial, "1", 100.0), ADDRESS, StreamConfig())
        for segment, serial in numbers.items()
    }
    path = replace(source, devices=devices).save(tmp_path / "unnamed.h5")
    told = CliRunner().invoke(build(), ["check", str(path)]).stdout
    assert "thigh_left: known by the address alone" in told and "pelvis: known" not in told
