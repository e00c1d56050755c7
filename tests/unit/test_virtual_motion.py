"""The motion shared by virtual sensors, and where it is read from."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from imuhip.core.series import ImuSeries
from imuhip.errors import ConfigError, ExchangeError, FileFormatError
from imuhip.recording.session import Recording
from imuhip.simulation.replay import load_motion
from imuhip.simulation.shared_motion import SharedMotion
from virtual_time import VirtualClock, run_virtual

N_SAMPLES = 200


def worn(segment: str = "pelvis") -> Any:
    return SimpleNamespace(spec=SimpleNamespace(segment=segment))


def smooth(rate_hz: float = 100.0) -> ImuSeries:
    time_s = np.arange(N_SAMPLES) / rate_hz
    waves = np.sin(2 * np.pi * np.outer(time_s, [1.0, 1.5, 2.0]))
    return ImuSeries(time_s, 9.8 + waves, 2 * waves)


def in_loop(check: Any) -> None:
    async def main(clock: VirtualClock) -> None:
        await check()

    run_virtual(main)


def test_on_its_grid_the_motion_is_returned_unchanged() -> None:
    async def check() -> None:
        motion = SharedMotion({"pelvis": smooth()}, 100.0)
        await asyncio.sleep(0.1234)
        motion.started(worn())
        assert motion.begin_s is not None
        acc, gyr = motion.read(worn(), motion.begin_s + 0.5, 0.01, 20)
        np.testing.assert_array_equal(acc, smooth().acc[50:70])
        np.testing.assert_array_equal(gyr, smooth().gyr[50:70])

    in_loop(check)


@pytest.mark.parametrize("rate_hz", [60.0, 100.003, 200.0])
def test_between_its_samples_it_is_interpolated(rate_hz: float) -> None:
    async def check() -> None:
        motion = SharedMotion({"pelvis": smooth()}, 100.0, begin="first")
        motion.started(worn())
        assert motion.begin_s is not None
        first_s, n_samples = 0.1037, int(1.5 * rate_hz)
        acc, _ = motion.read(worn(), motion.begin_s + first_s, 1 / rate_hz, n_samples)
        time_s = first_s + np.arange(n_samples) / rate_hz
        exact = 9.8 + np.sin(2 * np.pi * np.outer(time_s, [1.0, 1.5, 2.0]))
        assert np.abs(acc - exact).max() < 2e-3

    in_loop(check)


def test_before_and_after_it_everybody_stands_still() -> None:
    async def check() -> None:
        motion = SharedMotion({"pelvis": smooth(), "thigh_left": smooth()}, 100.0)
        motion.started(worn("pelvis"))
        assert motion.begin_s is None
        acc, gyr = motion.read(worn(), 0.0, 0.01, 5)
        np.testing.assert_array_equal(acc, np.repeat(smooth().acc[:1], 5, axis=0))
        assert not gyr.any()
        motion.started(worn("thigh_left"))
        assert motion.begin_s is not None
        acc, gyr = motion.read(worn(), motion.begin_s + 1.98, 0.01, 5)
        np.testing.assert_array_equal(acc[1:], np.repeat(smooth().acc[-1:], 4, axis=0))
        assert gyr[:2].any()
        assert not gyr[2:].any()

    in_loop(check)


def test_looped_motion_starts_again() -> None:
    async def check() -> None:
        motion = SharedMotion({"pelvis": smooth()}, 100.0, at_end="loop")
        motion.started(worn())
        assert motion.begin_s is not None
        acc, _ = motion.read(worn(), motion.begin_s + 5 * 2.0 + 0.5, 0.01, 10)
        np.testing.assert_array_equal(acc, smooth().acc[50:60])

    in_loop(check)


def test_patience_ends_and_explicit_motion_waits() -> None:
    async def check() -> None:
        segments = {"pelvis": smooth(), "thigh_left": smooth()}
        patient = SharedMotion(segments, 100.0)
        patient.started(worn())
        await asyncio.sleep(14.0)
        assert patient.begin_s is None
        await asyncio.sleep(2.0)
        assert patient.begin_s == pytest.approx(15.0, abs=0.011)
        waiting = SharedMotion(segments, 100.0, begin="explicit")
        for segment in segments:
            waiting.started(worn(segment))
        assert waiting.begin_s is None
        waiting.begin_now()
        await waiting.finished()
        assert asyncio.get_running_loop().time() == pytest.approx(18.0, abs=0.02)

    in_loop(check)


def test_lost_rows_are_bridged_and_empty_motions_refused() -> None:
    series = smooth()
    acc = series.acc.copy()
    acc[10:13] = np.nan
    motion = SharedMotion({"pelvis": ImuSeries(series.time_s, acc, series.gyr)}, 100.0)
    bridged, _ = motion._values["pelvis"][10:13, :3], None
    np.testing.assert_allclose(bridged, acc[9] + np.outer([0.25, 0.5, 0.75], acc[13] - acc[9]))
    with pytest.raises(ValueError, match="at least one valid sample"):
        SharedMotion({"pelvis": ImuSeries(series.time_s, acc * np.nan, series.gyr)}, 100.0)
    with pytest.raises(ValueError, match="one length"):
        short = ImuSeries(series.time_s[:50], series.acc[:50], series.gyr[:50])
        SharedMotion({"pelvis": series, "trunk": short}, 100.0)


def test_real_recording_is_read_as_it_is(shared_data: Path) -> None:
    path = shared_data / "qmt_full_body" / "full_body_example_data.mat"
    source = loadmat(path, simplify_cells=True)
    segments = ("pelvis", "thigh_left", "thigh_right")
    recording = load_motion(path, start_s=95.0, stop_s=139.0, segments=segments)
    assert recording.rate_hz == 100.0
    rows = slice(5500, 9901)  # the file's clock starts at 40 s
    for segment, name in zip(segments, ("hip", "upper_leg_left", "upper_leg_right"), strict=True):
        np.testing.assert_array_equal(recording.sensors[segment].acc, source[name]["acc"][rows])
        np.testing.assert_array_equal(recording.sensors[segment].gyr, source[name]["gyr"][rows])
    assert recording.sensors["pelvis"].time_s[0] == 0.0
    assert set(load_motion(path).sensors) == {*segments, "shank_left", "shank_right", "trunk"}


def test_session_file_is_replayed(tmp_path: Path) -> None:
    series = smooth()
    saved = Recording(rate_hz=100.0, sensors={"pelvis": series, "thigh_left": series})
    saved.save(tmp_path / "walk.h5")
    recording = load_motion(tmp_path / "walk.h5", start_s=0.5)
    assert set(recording.sensors) == {"pelvis", "thigh_left"}
    np.testing.assert_allclose(recording.sensors["pelvis"].acc, series.acc[50:], atol=1e-5)


def mat(path: Path, **content: Any) -> Path:
    savemat(path, content)
    return path


def test_files_that_are_no_motion(tmp_path: Path) -> None:
    time_s = np.arange(10) / 100
    fine = {"acc": np.zeros((10, 3)), "gyr": np.zeros((10, 3))}
    with pytest.raises(ExchangeError, match="no such file"):
        load_motion(tmp_path / "none.mat")
    (tmp_path / "text.mat").write_text("this is no MATLAB file, whatever its name says " * 9)
    with pytest.raises(ExchangeError, match="not a MATLAB file"):
        load_motion(tmp_path / "text.mat")
    (tmp_path / "text.h5").write_text("nor HDF5")
    with pytest.raises(FileFormatError):
        load_motion(tmp_path / "text.h5")
    with pytest.raises(ExchangeError, match="found hand, t") as unknown:
        load_motion(mat(tmp_path / "a.mat", t=time_s, hand=fine))
    assert "upper_leg_left" in unknown.value.hint
    with pytest.raises(ExchangeError, match="no time t for sensor hip"):
        load_motion(mat(tmp_path / "b.mat", hip=fine))
    with pytest.raises(ExchangeError, match=r"sensor hip: Expected acc of shape \(9, 3\)"):
        load_motion(mat(tmp_path / "c.mat", hip=fine, t=time_s[:9]))
    path = mat(tmp_path / "d.mat", hip=fine, t=time_s)
    with pytest.raises(ConfigError, match="no motion of trunk"):
        load_motion(path, segments=("pelvis", "trunk"))
    with pytest.raises(ExchangeError, match="no common motion between 5 s"):
        load_motion(path, start_s=5.0)
