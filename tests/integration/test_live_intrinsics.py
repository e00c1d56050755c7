"""A sensor calibrated by hand is read as calibrated by the live window too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import imuhip
from imuhip.acquisition.ring import SampleRing
from imuhip.analysis.live_intrinsics import LiveIntrinsics
from imuhip.app.models.sample_feed import AngleFeed
from imuhip.calibration.intrinsics import apply_intrinsics
from imuhip.calibration.intrinsics_file import (
    DATA_VARIABLE,
    find_sensor_file,
    user_sensor_folder,
)
from imuhip.cli.commands import build
from imuhip.core.series import ImuSeries
from imuhip.recording.plan import SampleRows
from imuhip.simulation.bench_calibration import simulate_bench


@pytest.fixture
def calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibrate a sensor of serial number SN-0 by the command."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    path = simulate_bench(200, rest_s=2.0).recording.save(tmp_path / "bench.h5")
    done = CliRunner().invoke(
        build(), ["calibrate-sensor", "--file", str(path), "--serial", "SN-0"]
    )
    assert done.exit_code == 0, done.output


def rows_of(series: ImuSeries) -> SampleRows:
    seq = np.arange(len(series))
    zeros = np.zeros(len(seq), dtype=np.int64)
    time_s = series.time_s
    return SampleRows(
        epoch=zeros,
        seq=seq,
        device_time_s=time_s,
        time_s=time_s,
        arrival_s=time_s,
        acc=series.acc,
        gyr=series.gyr,
        mag=None,
        flags=zeros,
    )


@pytest.mark.usefixtures("calibrated")
def test_the_window_takes_the_known_errors_out() -> None:
    known = find_sensor_file("SN-0")
    assert known is not None
    recording = imuhip.simulate("walk", 0.1, 3)
    perfect = apply_intrinsics(recording.sensors["pelvis"], known.intrinsics)
    assert np.abs(perfect.acc - recording.sensors["pelvis"].acc).max() > 0.02
    rings = {s: SampleRing(8000) for s in recording.sensors}
    feed = AngleFeed(rings, recording.rate_hz, {"pelvis": "SN-0", "thigh_left": "SN-9"})
    assert feed.intrinsics.segments == ("pelvis",)
    seen: list[ImuSeries] = []
    update = feed._grid.update
    feed._grid.update = lambda blocks: (seen.append(blocks["pelvis"]), update(blocks))[1]
    for segment, ring in rings.items():
        ring.append(rows_of(recording.sensors[segment]))
    feed.new_angles()
    np.testing.assert_allclose(seen[0].acc, perfect.acc[: len(seen[0])], atol=1e-9)
    np.testing.assert_allclose(seen[0].gyr, perfect.gyr[: len(seen[0])], atol=1e-9)


@pytest.mark.usefixtures("calibrated")
def test_a_spoilt_file_does_not_end_the_session() -> None:
    (user_sensor_folder() / "SN-0.toml").write_text("serial = ", encoding="utf-8")
    found = LiveIntrinsics({"pelvis": "SN-0", "thigh_left": ""})
    assert found.segments == ()
    assert "SN-0.toml" in found.problems["pelvis"]
