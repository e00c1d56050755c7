"""What a simulated session can be put through: each option does what it names, and no more."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.core import quaternion
from imuhip.errors import ConfigError

PERFECT = {"sensor_errors": 0.0, "calibration": False}


def test_the_legs_clocks_are_off_the_opposite_way():
    kept = imuhip.simulate("walk", 0.3, 3, **PERFECT)
    off = imuhip.simulate("walk", 0.3, 3, **PERFECT, sync_error_ms=20.0)
    np.testing.assert_array_equal(off.sensors["pelvis"].acc, kept.sensors["pelvis"].acc)
    for segment, late in (("thigh_left", 2), ("thigh_right", -2)):
        for channel in ("acc", "gyr"):
            found = np.roll(getattr(off.sensors[segment], channel), -late, axis=0)[5:-5]
            true = getattr(kept.sensors[segment], channel)[5:-5]
            np.testing.assert_allclose(found, true, atol=1e-6)
    np.testing.assert_array_equal(off.truth_motion.angles_rad, kept.truth_motion.angles_rad)


def test_the_truth_knows_how_the_sensors_are_turned():
    recording = imuhip.simulate("run", 0.3, 3, **PERFECT, soft_tissue=1.0, rate_hz=400.0)
    for segment, series in recording.sensors.items():
        q_WS = recording.truth_motion.sensor_orientations[segment]
        rate = quaternion.rotation_vector(
            quaternion.multiply(quaternion.conjugate(q_WS[:-2]), q_WS[2:])
        )
        np.testing.assert_allclose(0.5 * 400.0 * rate, series.gyr[1:-1], atol=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sync_error_ms": 1e9}, "sync_error_ms"),
    ],
)
def test_scenarios_that_cannot_be_are_refused(options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        imuhip.simulate("walk", 0.5, 0, **options)
    assert caught.value.hint
