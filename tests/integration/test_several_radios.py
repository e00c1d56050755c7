"""Six sensors on two adapters: shared out, recorded whole, and reached again by the same one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acquisition_kit import assert_equals_source, no_thread_left, noise_motion
from imuhip.acquisition.engine import Engine
from imuhip.errors import ConfigError
from imuhip.radio.open_radio import open_radio
from imuhip.radio.several_radios import SeveralRadios
from imuhip.recording.reader import open_recording
from imuhip.simulation.kit import open_virtual_kit
from virtual_time import VirtualClock, run_virtual

SIX = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right", "trunk")


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def test_two_adapters_share_six_sensors(tmp_path: Path):
    source = noise_motion(SIX, 14.0)

    async def main(clock: VirtualClock) -> None:
        kit = await open_virtual_kit(source, begin="explicit")
        radio = SeveralRadios([await kit.air.radio(f"sim{k}", number=k) for k in range(2)])
        try:
            async with Engine(radio, clock) as engine:
                await engine.connect(kit.assignment)
                assert radio.links_per_radio == (3, 3)
                held = {
                    c.address: len(c.device.connections)
                    for c in (r._client_backend.radio for r in radio._radios)
                }
                assert sorted(held.values()) == [3, 3]
                await engine.start_recording(tmp_path / "six.h5")
                kit.begin()
                await asyncio.sleep(3.0)
                kit.air.lose(kit.assignment["trunk"])
                await asyncio.sleep(3.0)
                kit.air.regain(kit.assignment["trunk"])
                await kit.finished()
                await asyncio.sleep(0.5)
                counters = (await engine.stop_recording()).counters
                assert radio.links_per_radio == (3, 3)
        finally:
            await kit.close()
        assert counters["trunk"].reconnects == 1
        assert all(counters[s].lost == counters[s].reconnects == 0 for s in SIX[:-1])

    run_virtual(main)
    recording = open_recording(tmp_path / "six.h5")
    for segment in SIX[:-1]:
        assert_equals_source(recording.sensors[segment], source.sensors[segment])


def test_adapters_are_named_in_the_option():
    async def main(_clock: VirtualClock) -> None:
        one = await open_radio("auto:hci1")
        assert one.name == "auto:hci1"
        assert one._scanner_bluez == one._client_bluez == {"adapter": "hci1"}
        two = await open_radio("auto:hci0,auto:hci1")
        assert two.name == "auto:hci0,auto:hci1"
        with pytest.raises(ConfigError, match="unknown radio 'hci1'") as refused:
            await open_radio("auto:hci0,hci1")
        assert "auto:hci1" in refused.value.hint

    run_virtual(main)
