"""Each orientation filter against the cameras of BROAD (doi:10.3390/data6070072).

VQF runs whole trials. The others walk a sample at a time, so they get the first minute of movement
here and whole trials in ``python -m benchmarks orientation``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.__main__ import main as run_benchmarks
from benchmarks.orientation import Trial, measure, orientation_errors, read_trial

from imuhip.core import quaternion
from imuhip.errors import FileFormatError
from imuhip.fusion.filters import FILTERS

MINUTE_S = 60.0
first_minute = pytest.mark.xdist_group("first_minute")
"""On one worker: what these tests share takes 20 s."""

# Inclination RMSE in degrees: measured in the first minute of (slow rotation, fast translation)
# with a margin of a quarter. Whole trials and the reasons are in the benchmark.
AHRS_LIMIT_DEG = {
    "madgwick": (0.83, 6.3),
    "mahony": (1.20, 15.0),
    "ekf": (0.77, 15.8),
    "aqua": (2.40, 29.0),
}


@pytest.fixture(scope="module")
def trials(shared_data: Path) -> tuple[Trial, Trial]:
    folder = shared_data / "broad"
    return (
        read_trial(folder / "05_undisturbed_slow_rotation_with_breaks_B.hdf5"),
        read_trial(folder / "16_undisturbed_fast_translation_B.hdf5"),
    )


@pytest.fixture(scope="module")
def minute_inclination_deg(trials: tuple[Trial, Trial]) -> dict[str, list[float]]:
    """Return the inclination RMSE of every filter in the first minute of each trial."""
    starts = [trial.stretch(MINUTE_S) for trial in trials]
    return {
        name: [measure(trial, name)[0].inclination_rmse_deg for trial in starts] for name in FILTERS
    }


@pytest.mark.parametrize(("mode", "limits_deg"), [("offline", (0.4, 0.6)), ("live", (0.5, 0.7))])
def test_vqf_inclination_over_whole_trials(
    trials: tuple[Trial, Trial], mode: str, limits_deg: tuple[float, float]
) -> None:
    for trial, limit_deg in zip(trials, limits_deg, strict=True):
        errors, _ = measure(trial, "vqf", mode)
        print(f"vqf {mode} {trial.name}: inclination {errors.inclination_rmse_deg:.2f} deg")
        assert errors.inclination_rmse_deg < limit_deg
        assert abs(errors.heading_drift_deg_per_min) < 1.0


@first_minute
@pytest.mark.parametrize("name", AHRS_LIMIT_DEG)
def test_ahrs_inclination_in_the_first_minute(
    minute_inclination_deg: dict[str, list[float]], name: str
) -> None:
    for found_deg, limit_deg in zip(
        minute_inclination_deg[name], AHRS_LIMIT_DEG[name], strict=True
    ):
        print(f"{name}: inclination {found_deg:.2f} deg")
        assert found_deg < limit_deg


@first_minute
def test_vqf_has_less_than_half_the_error_of_the_best_other_filter(
    minute_inclination_deg: dict[str, list[float]],
) -> None:
    mean_deg = {name: float(np.mean(found)) for name, found in minute_inclination_deg.items()}
    best_other_deg = min(mean for name, mean in mean_deg.items() if name != "vqf")
    assert mean_deg["vqf"] <= 0.4 * best_other_deg


@pytest.mark.parametrize("name", ["vqf", "madgwick", "mahony"])
def test_with_a_magnetometer_the_heading_is_that_of_the_room(
    trials: tuple[Trial, Trial], name: str
) -> None:
    trial = trials[0].stretch(MINUTE_S)
    errors, _ = measure(trial, name, with_mag=True)
    # The cameras' world is east-north-up of the magnetic field: a wrong frame shows as 90 or 180
    assert errors.heading_rmse_deg < 4.0
    assert errors.inclination_rmse_deg < 1.0


def test_the_error_is_split_into_inclination_and_heading(trials: tuple[Trial, Trial]) -> None:
    trial = trials[0]
    z, horizontal = np.array([0.0, 0.0, 1.0]), np.array([0.6, 0.8, 0.0])
    turned = quaternion.multiply(quaternion.about_axis(z, np.radians(20.0)), trial.q_WS)
    tilted = quaternion.multiply(quaternion.about_axis(horizontal, np.radians(3.0)), trial.q_WS)
    heading_only, tilt_only = orientation_errors(turned, trial), orientation_errors(tilted, trial)
    assert heading_only.heading_rmse_deg == pytest.approx(20.0)
    assert heading_only.inclination_rmse_deg == pytest.approx(0.0, abs=1e-5)
    assert tilt_only.inclination_rmse_deg == pytest.approx(3.0)
    assert tilt_only.heading_rmse_deg == pytest.approx(0.0, abs=1e-5)
    minutes = np.arange(len(trial.q_WS)) / trial.rate_hz / 60.0
    drifting = quaternion.multiply(quaternion.about_axis(z, np.radians(90.0) * minutes), trial.q_WS)
    assert orientation_errors(drifting, trial).heading_drift_deg_per_min == pytest.approx(90.0)


def test_the_benchmark_prints_a_line_per_trial(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["orientation", "--data", str(shared_data / "broad"), "--filter", "vqf"]
    assert run_benchmarks(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("vqf       offline 05_") for line in lines) == 1
    assert sum(line.startswith("vqf       live    16_") for line in lines) == 1


def test_the_benchmark_without_its_data_says_where_to_get_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_benchmarks(["orientation", "--data", str(tmp_path)]) == 1
    monkeypatch.setattr("benchmarks.orientation.DEFAULT_DATA", tmp_path / "absent")
    assert run_benchmarks(["orientation"]) == 0
    assert capsys.readouterr().out.count("skipped: no BROAD trials") == 2


def test_a_file_that_is_no_trial_is_an_error_with_a_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "01_broken.hdf5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n and then nothing")
    with pytest.raises(FileFormatError, match=r"01_broken\.hdf5 is not a trial of BROAD"):
        read_trial(path)
    assert run_benchmarks(["orientation", "--data", str(tmp_path)]) == 1
    assert "hint: download" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["no_such"], ["--data", "."], ["no_such", "--x"]])
def test_wrong_use_of_the_benchmarks_lists_the_known_ones(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_benchmarks(arguments) == 2
    assert "orientation" in capsys.readouterr().err
