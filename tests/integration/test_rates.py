"""Any rate from 50 to 500 Hz gives the same angles; rates too low are refused."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.errors import AnalysisError

LIMITS = {"flexion": 0.8, "adduction": 1.0, "rotation": 1.0}


def worst(recording: imuhip.Recording, analysis: imuhip.Analysis) -> dict[str, float]:
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    truth = recording.truth
    rows = np.asarray((truth.index >= gait.start_s) & (truth.index <= gait.end_s))
    found = {}
    for kind in LIMITS:
        names = [f"hip_{kind}_{side}_deg" for side in ("left", "right")]
        error = (analysis.angles[names].to_numpy() - truth[names].to_numpy())[rows]
        found[kind] = float(np.sqrt(np.nanmean(error**2, axis=0)).max())
    return found


@pytest.mark.parametrize("rate_hz", [50.0, 59.7, 60.0, 100.0, 200.0, 285.7, 500.0])
@pytest.mark.parametrize("activity", ["walk", "run"])
def test_the_angles_do_not_depend_on_the_rate(activity: str, rate_hz: float):
    recording = imuhip.simulate(activity, 0.6, seed=9, rate_hz=rate_hz)
    found = imuhip.analyze(recording)
    for kind, error in worst(recording, found).items():
        assert error <= LIMITS[kind], kind
    assert found.angles.notna().all(axis=None)
    assert not any(sync["corrected"] for sync in found.quality["sync"].values())
    assert len(found.strides) == pytest.approx(66 if activity == "walk" else 100, abs=15)


@pytest.mark.parametrize("rate_hz", [50.0, 285.7])
def test_live_angles_do_not_depend_on_the_rate(rate_hz: float):
    recording = imuhip.simulate("walk", 0.6, seed=9, rate_hz=rate_hz)
    found = worst(recording, imuhip.analyze(recording, live=True))
    for kind, error in found.items():
        assert error <= LIMITS[kind] + 0.6, kind


def test_a_low_rate_lowers_the_grade():
    found = imuhip.analyze(imuhip.simulate("walk", 0.4, seed=9, rate_hz=30.0))
    assert found.quality["grade"] in "CD"
    assert any("sampled at 30 Hz, 50 Hz" in why for why in found.quality["reasons"])


@pytest.mark.parametrize("live", [False, True])
def test_a_rate_too_low_is_refused(live: bool):
    with pytest.raises(AnalysisError, match="sampled at 20 Hz, at least 25 Hz") as caught:
        imuhip.analyze(imuhip.simulate("walk", 0.3, seed=9, rate_hz=20.0), live=live)
    assert caught.value.code == "E606"
    assert "50 Hz" in caught.value.hint
