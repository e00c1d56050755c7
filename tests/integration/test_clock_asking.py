"""Sensors asked for their clock over real GATT, what files keep of it, and decoding again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import kit_and_engine, no_thread_left, noise_motion
from imuhip.acquisition.engine import EngineOptions
from imuhip.acquisition.link_policy import LinkState
from imuhip.acquisition.redecode import redecode
from imuhip.acquisition.status import RecordingResult
from imuhip.core.sensor import StreamConfig
from imuhip.radio.gatt_model import SwitchesOff
from imuhip.recording.recovery import recover
from imuhip.recording.save import finished_file
from imuhip.sensors.imuhip_v1 import control, profile
from imuhip.sensors.imuhip_v1.control import Request
from imuhip.sensors.imuhip_v1.profile import Operation, Status
from imuhip.simulation.kit import open_virtual_kit
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left")


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def recorded(
    path: Path, duration_s: float, interval_s: float, *, tells_clock: bool = True
) -> tuple[RecordingResult, dict[str, float], dict[str, float | None]]:
    """Return the result, the error of each sensor's times in the middle, and the live sigma."""
    source = noise_motion(SEGMENTS, duration_s)

    async def main(clock: VirtualClock):
        async with kit_and_engine(
            clock,
            source,
            exact=False,
            connection_interval_s=interval_s,
            tells_clock=tells_clock,
        ) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            recording = engine.status().recording
            assert recording is not None
            zero_s = asyncio.get_running_loop().time() - recording.elapsed_s
            kit.begin()
            await kit.finished()
            told = {s: one.clock_uncertainty_s for s, one in engine.status().sensors.items()}
            result = await engine.stop_recording()
            middle_s = zero_s + 0.5 * duration_s
            errors = {
                segment: float(
                    result.clock_fits[segment][0].to_recording(
                        np.array([sensor.clock_us(middle_s) * 1e-6])
                    )[0]
                    - 0.5 * duration_s
                )
                for segment, sensor in kit.sensors.items()
            }
            return result, errors, told

    return run_virtual(main)


def test_questions_are_asked_at_random_and_kept(tmp_path: Path) -> None:
    result, errors, told = recorded(tmp_path / "asked.h5", 20.0, 0.015)
    assert result.error is None
    for segment in SEGMENTS:
        epochs, instants_s = reader.read_clock_questions(tmp_path / "asked.h5", segment)
        asked_s, received_s, sent_s, answered_s = instants_s.T
        assert 14 <= len(epochs) <= 40 and not epochs.any()
        spacing_s = np.diff(asked_s)
        assert spacing_s.min() > 0.45 and spacing_s.max() < 1.7 and np.ptp(spacing_s) > 0.5
        # What was asked came in later, and was answered later still, by the final line too.
        (fit,) = result.clock_fits[segment]
        assert np.all(fit.to_recording(received_s) - asked_s > -0.5e-3)
        assert np.all(answered_s - fit.to_recording(sent_s) > -0.5e-3)
        sigma_s = told[segment]
        assert sigma_s is not None and sigma_s < 2e-3
        counters = result.counters[segment]
        assert (counters.lost, counters.duplicated, counters.bad_packets) == (0, 0, 0)
    assert max(abs(error) for error in errors.values()) < 1e-3


def test_packets_that_all_wait_for_one_event_are_timed_by_the_event(tmp_path: Path) -> None:
    """Packets of 60 ms on a grid of 60 ms hide up to half of it from arrivals alone."""
    apart_s = {}
    for tells_clock in (False, True):
        result, errors, _ = recorded(
            tmp_path / f"{tells_clock}.h5", 45.0, 0.06, tells_clock=tells_clock
        )
        apart_s[tells_clock] = abs(errors["pelvis"] - errors["thigh_left"])
        stated_s = max(fits[0].uncertainty_s for fits in result.clock_fits.values())
        assert apart_s[tells_clock] < 3 * stated_s
    print(f"apart {apart_s[False] * 1e3:.2f} ms by arrivals, {apart_s[True] * 1e3:.2f} ms asked")
    assert apart_s[True] < 2e-3


def test_nobody_is_asked_while_a_sensor_is_looked_for(tmp_path: Path) -> None:
    """Scanning and connecting need the radio; a question would wait, and say little."""
    source = noise_motion(SEGMENTS, 16.0)
    path = tmp_path / "lost.h5"

    async def main(clock: VirtualClock) -> list[float]:
        connecting_s = []
        async with kit_and_engine(clock, source, tells_clock=True) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            kit.begin()
            await asyncio.sleep(2.0)
            kit.air.lose(kit.assignment["pelvis"])
            for _ in range(240):
                await asyncio.sleep(0.05)
                status = engine.status()
                assert status.recording is not None
                if status.sensors["pelvis"].state is LinkState.CONNECTING:
                    connecting_s.append(status.recording.elapsed_s)
            kit.air.regain(kit.assignment["pelvis"])
            await kit.finished()
            await engine.stop_recording()
        return connecting_s

    connecting_s = np.array(run_virtual(main))
    assert len(connecting_s) > 60
    _, instants_s = reader.read_clock_questions(path, "thigh_left")
    # Between two looks at the state that both saw it connecting.
    nearest = [
        int(np.count_nonzero(np.abs(connecting_s - asked) < 0.055)) for asked in instants_s.T[0]
    ]
    assert len(instants_s) >= 3 and max(nearest) < 2


def test_asked_clocks_are_found_again_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "asked.h5"
    result, _, _ = recorded(path, 20.0, 0.015)
    recording = reader.open_recording(path)
    for segment, again in redecode(path).items():
        series = recording.sensors[segment]
        assert again.rows is not None and len(again.rows) == len(series)
        np.testing.assert_array_equal(again.rows.acc.astype(np.float32), series.acc)
        (fit,) = again.clock_fits
        assert fit.slope == pytest.approx(result.clock_fits[segment][0].slope, abs=20e-6)
        assert np.abs(again.rows.time_s - series.time_s).max() < 0.5e-3
        assert again.counters == replace(result.counters[segment])


def test_a_wrap_in_a_broken_link_is_gone_over_when_decoded_again(tmp_path: Path) -> None:
    """The clock of a DOT wraps while its link is down: one epoch, live and from the file."""
    source = noise_motion(SEGMENTS[:1], 14.0, 60)
    options = EngineOptions(stream=StreamConfig(rate_hz=60))
    path = tmp_path / "wrap.h5"

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, options, sensor="movella_dot") as (kit, engine):
            pelvis = kit.sensors["pelvis"]
            pelvis.spec = replace(pelvis.spec, clock_offset_s=2**32 * 1e-6 - 30.0)
            await engine.connect(kit.assignment)
            until_s = 2**32 * 1e-6 - 7.0 - pelvis.clock_s(asyncio.get_running_loop().time())
            await asyncio.sleep(until_s)
            await engine.start_recording(path)
            kit.begin()
            await asyncio.sleep(5.0)
            kit.air.lose(kit.assignment["pelvis"])
            await asyncio.sleep(3.0)
            kit.air.regain(kit.assignment["pelvis"])
            await kit.finished()
            return await engine.stop_recording()

    result = run_virtual(main)
    assert len(reader.read_stream_starts(path, "pelvis")) >= 1
    series = reader.open_recording(path).sensors["pelvis"]
    again = redecode(path)["pelvis"]
    assert again.rows is not None
    assert len(again.clock_fits) == len(result.clock_fits["pelvis"]) == 1
    assert again.rows.device_time_s[-1] > 2**32 * 1e-6 > again.rows.device_time_s[0]
    np.testing.assert_array_equal(again.rows.acc.astype(np.float32), series.acc[series.valid])
    assert np.abs(again.rows.time_s - series.time_s[series.valid]).max() < 2e-3
    assert again.counters.lost == result.counters["pelvis"].lost > 100


def test_what_is_kept_of_clocks_survives_a_recovery(tmp_path: Path) -> None:
    """A file that was never closed: its copy has the questions, and can be decoded again."""
    path = tmp_path / "asked.h5"
    recorded(path, 12.0, 0.015)
    with finished_file(tmp_path / "cut.h5", "recording") as file:
        import h5py

        with h5py.File(path) as whole:
            for name in whole:
                whole.copy(name, file)
            for name, value in whole.attrs.items():
                file.attrs[name] = value
    recover(tmp_path / "cut.h5", tmp_path / "recovered.h5")
    for segment in SEGMENTS:
        _, before_s = reader.read_clock_questions(path, segment)
        _, after_s = reader.read_clock_questions(tmp_path / "recovered.h5", segment)
        np.testing.assert_array_equal(after_s, before_s)
        assert len(after_s) > 5


def test_a_sensor_is_switched_off_over_the_air() -> None:
    async def main(clock: VirtualClock) -> None:
        kit = await open_virtual_kit(noise_motion(SEGMENTS[:1], 2.0), begin="explicit")
        radio = await kit.radio()
        sensor = kit.sensors["pelvis"]
        replies: asyncio.Queue[bytes] = asyncio.Queue()
        lost = asyncio.Event()
        try:
            for switches_off, status in ((False, Status.NOT_SUPPORTED), (True, Status.OK)):
                sensor.spec = replace(sensor.spec, switches_off=switches_off)
                link = radio.link(sensor.address, lost.set)
                await link.connect(5.0)
                await link.subscribe(profile.CONTROL_UUID, replies.put_nowait)
                request = control.encode_request(Request(Operation.OFF, 9))
                await link.write(profile.CONTROL_UUID, request)
                assert control.decode_reply(await replies.get()).status is status
                if not switches_off:
                    await link.disconnect()
            await asyncio.wait_for(lost.wait(), 3.0)
            assert isinstance(sensor, SwitchesOff) and sensor.is_off
            assert sensor.address not in await radio.scan(1.0)
        finally:
            await radio.close()
            await kit.close()

    run_virtual(main)
