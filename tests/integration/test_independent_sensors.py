"""Sensors written from the vendors' specifications by themselves, recorded by the real command.

The peripherals of `independent_sensors` run on stock bumble and know nothing of imuhip. What a
specification leaves open, they do otherwise than imuhip's own virtual sensors.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from cli_process import run_cli
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.core.sensor import StreamConfig
from imuhip.core.series import ImuSeries, IntArray
from imuhip.errors import ImuhipError
from independent_sensors.dot import Dot
from independent_sensors.gadget import Gadget
from independent_sensors.metamotion import MetaMotion
from independent_sensors.movesense import Movesense
from independent_sensors.polar import VeritySense
from independent_sensors.studio import Studio, on_stage
from independent_sensors.thingy import Thingy
from independent_sensors.witmotion import WitMotion
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right", "trunk")
KIT: tuple[Callable[[], Gadget], ...] = (
    Dot,
    lambda: WitMotion(frames_per_packet=3),
    lambda: Thingy(announces="service name"),
    Movesense,
    MetaMotion,
    lambda: VeritySense(has_sdk=False),
)
MODELS = {
    "Movella DOT",
    "WitMotion",
    "Thingy:52",
    "Movesense",
    "MetaMotion",
    "Polar Verity Sense",
}


def assert_as_felt(
    series: ImuSeries, gadget: Gadget, *, is_joined: bool = False, may_restart: bool = False
) -> IntArray:
    """Assert that samples follow one another as felt; return which they are.

    Joined acceleration is interpolated. A sensor that was silent too long on a busy machine is
    started again, and what it felt meanwhile is missing.
    """
    acc, gyr = series.acc[series.valid], series.gyr[series.valid]
    index = np.array([np.abs(gadget.gyr - row).max(axis=1).argmin() for row in gyr])
    steps = np.diff(index)
    assert ((steps == 1) | (may_restart & (steps > 1))).all()
    np.testing.assert_allclose(gyr, gadget.gyr[index], atol=1e-2)
    if not is_joined:
        np.testing.assert_allclose(acc, gadget.acc[index], atol=6e-3)
    return index


def test_the_command_scans_and_records_a_kit_of_six_makers(tmp_path: Path) -> None:
    gadgets = [make() for make in KIT]
    places = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    worn = dict(zip(SEGMENTS, gadgets, strict=True))
    assigned = [word for s, g in worn.items() for word in ("--assign", f"{s}={g.address}")]
    with Studio(gadgets) as studio:
        heard = run_cli(
            "scan", "--radio", studio.radio, "--seconds", "1.5", "--json", cwd=tmp_path, **places
        )
        assert heard.returncode == 0, heard.stderr
        found = json.loads(heard.stdout)
        assert {one["model"] for one in found} == MODELS
        assert {one["verification"] for one in found} == {
            "protocol-verified, not hardware-verified"
        }
        made = run_cli(
            "record", "--radio", studio.radio, *assigned, "--duration", "4", "--out", "kit.h5",
            cwd=tmp_path, timeout_s=150.0, **places,
        )  # fmt: skip
    assert made.returncode == 0, made.stderr
    recording = reader.open_recording(tmp_path / "kit.h5")
    rates = {"pelvis": 60, "shank_left": 104, "trunk": 52}
    for segment, gadget in worn.items():
        series, device = recording.sensors[segment], recording.devices[segment]
        assert device.config.rate_hz == rates.get(segment, 100)
        is_counted = device.identity.clock_hz == 0.0  # a busy machine's pauses look like losses
        assert device.counters.bad_packets == 0
        assert device.counters.lost == 0 or is_counted
        assert len(series) > 3 * device.config.rate_hz
        assert_as_felt(series, gadget, may_restart=True)
        if not is_counted:
            step_s = np.median(np.diff(series.time_s))
            assert step_s == pytest.approx(1 / device.config.rate_hz, rel=0.01)
    checked = run_cli("check", "kit.h5", "--json", cwd=tmp_path, **places)
    facts = json.loads(checked.stdout)["sensors"].values()
    numbered = [one for one in facts if not one["loss_is_estimated"]]
    assert len(numbered) == 4
    assert {one["lost"] for one in numbered} == {0}
    assert max(one["rate_error_percent"] for one in numbered) < 1


def record(gadget: Gadget, path: Path, config: StreamConfig | None = None) -> RecordingResult:
    """Record three seconds through the engine, in virtual time."""
    options = EngineOptions(
        stream=config or StreamConfig(), any_rate=config is None, any_ranges=True
    )

    async def main(clock: VirtualClock) -> RecordingResult:
        async with on_stage([gadget]) as radio, Engine(radio, clock, options) as engine:
            await engine.connect({"pelvis": gadget.address})
            await engine.start_recording(path)
            await asyncio.sleep(3.0)
            return await engine.stop_recording()

    return run_virtual(main)


@pytest.mark.parametrize(
    ("gadget", "rate_hz"),
    [
        (lambda: Dot(is_measuring=True, announces="maker", chatters=True, charging=1), 60),
        (lambda: Dot(announces="service", measurement_takes="write", mtu=64), 60),
        (lambda: Dot(name="Movella DOT", highest_rate=30), 30),
        (lambda: WitMotion(name="WitMotion", frames_per_packet=10, answer_after_s=0.5), 100),
        (lambda: WitMotion(names_service=True, cut=33, answers=(3,), rate_error=-0.02), 100),
        (lambda: WitMotion(cut=20, answer_after_s=1.5, mtu=23, commands_take="write"), 100),
        (lambda: WitMotion(fastest_code=8), 50),
        (lambda: Thingy(announces="name", has_firmware_number=False, battery=None), 100),
        (lambda: Thingy(name="left leg", also_sends_quaternions=True, mtu=23), 200),
        (lambda: Movesense(hello=None, samples_per_packet=4), 104),
        (lambda: Movesense(hello=b"", samples_per_packet=13, chunk=70, third_byte=4), 104),
        (lambda: Movesense(mtu=23, old_reference=7, chatters=True), 104),
        (lambda: Movesense(announces="service", old_reference=99, reply_after_s=0.6), 52),
        (lambda: Movesense(stamps_jitter_ms=1, mtu=64, commands_take="command"), 208),
        (lambda: MetaMotion(chip="BMI270", reply_after_s=0.2, first_processor=3), 200),
        (lambda: MetaMotion(announces="name", name="MetaMotion S", information={}), 100),
        (lambda: MetaMotion(chatters=True, answers_configuration=False, battery=None), 50),
        (lambda: MetaMotion(commands_take="write", mtu=23), 100),
        (lambda: VeritySense(settings_order=(4, 2, 1, 0), chatters=True, already=(2, 5, 6)), 52),
        (lambda: VeritySense(has_sdk=False, samples_per_frame={2: 6, 5: 9}, mtu=100), 52),
        (lambda: VeritySense(compressed=False, names_factor=False, information={}), 104),
    ],
)
def test_what_the_specification_leaves_open_may_be_otherwise(
    tmp_path: Path, gadget: Callable[[], Gadget], rate_hz: int
) -> None:
    sensor = gadget()
    result = record(sensor, tmp_path / "r.h5", StreamConfig(rate_hz=rate_hz))
    counters = result.counters["pelvis"]
    assert (counters.lost, counters.bad_packets, counters.duplicated) == (0, 0, 0)
    assert counters.received > 2.5 * rate_hz
    assert_as_felt(reader.open_recording(tmp_path / "r.h5").sensors["pelvis"], sensor)


@pytest.mark.parametrize(
    "gadget",
    [lambda: MetaMotion(gyro_late_s=0.003), lambda: VeritySense(gyro_late_s=0.004)],
)
def test_streams_that_are_not_sampled_together_are_joined(
    tmp_path: Path, gadget: Callable[[], Gadget]
) -> None:
    sensor = gadget()
    counters = record(sensor, tmp_path / "r.h5").counters["pelvis"]
    assert (counters.lost, counters.bad_packets, counters.duplicated) == (0, 0, 0)
    pelvis = reader.open_recording(tmp_path / "r.h5").sensors["pelvis"]
    assert_as_felt(pelvis, sensor, is_joined=True)


def test_a_board_without_processors_streams_without_stamps(tmp_path: Path) -> None:
    """Which of two neighbours belong together nothing tells: one sample apart is the bound."""
    board = MetaMotion(implementations={9: None, 0x15: None}, has_processors=False)
    counters = record(board, tmp_path / "r.h5").counters["pelvis"]
    assert (counters.lost, counters.bad_packets, counters.duplicated) == (0, 0, 0)
    recording = reader.open_recording(tmp_path / "r.h5")
    assert recording.devices["pelvis"].identity.clock_hz == 0.0
    pelvis = recording.sensors["pelvis"]
    turned = assert_as_felt(pelvis, board, is_joined=True)
    pushed = np.array([np.abs(board.acc - row).max(axis=1).argmin() for row in pelvis.acc])
    assert np.abs(pushed - turned).max() <= 1


@pytest.mark.parametrize(
    ("gadget", "words"),
    [
        (lambda: Dot(modes=(2, 3, 4, 5, 6)), "payload mode 21 was not started"),
        (lambda: Dot(highest_rate=30), "60 Hz refused, it stays at 30 Hz"),
        (lambda: WitMotion(fastest_code=8), "100 Hz refused, it keeps 50 Hz"),
        (lambda: Thingy(highest_rate=60), "100 Hz refused, it keeps 60 Hz"),
        (lambda: Movesense(rates=(13, 26, 52)), "IMU6/104 refused with status 404"),
        (lambda: MetaMotion(implementations={0x03: 7}), "names chip 7 for acceleration"),
        (lambda: MetaMotion(implementations={0x13: None}), "none for angular rate"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    tmp_path: Path, gadget: Callable[[], Gadget], words: str
) -> None:
    with pytest.raises(ImuhipError, match=words):
        record(gadget(), tmp_path / "r.h5")
    assert not (tmp_path / "r.h5").exists()
