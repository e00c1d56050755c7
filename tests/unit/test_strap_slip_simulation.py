"""A simulated strap slips by what was asked, when it was asked, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.core import quaternion
from imuhip.errors import ConfigError


def test_sensor_turns_about_the_long_axis_once_and_for_good() -> None:
    kept = imuhip.simulate("stand", 0.3, 3, sensor_errors=0.0, mounting="nominal")
    slipped = imuhip.simulate(
        "stand", 0.3, 3, sensor_errors=0.0, mounting="nominal", strap_slip=("thigh_left", 10.0, 8.0)
    )
    for segment in ("pelvis", "thigh_right"):
        np.testing.assert_array_equal(slipped.sensors[segment].gyr, kept.sensors[segment].gyr)
    more = slipped.sensors["thigh_left"].gyr[:, 1] - kept.sensors["thigh_left"].gyr[:, 1]
    turned = np.degrees(np.cumsum(more)) / kept.rate_hz
    time_s = kept.sensors["thigh_left"].time_s
    assert np.abs(turned[time_s < 9.9]).max() < 0.02
    assert turned[time_s > 10.6] == pytest.approx(8.0, abs=0.1)


def test_specific_force_turns_with_the_sensor() -> None:
    options = {"sensor_errors": 0.0, "mounting": "nominal"}
    kept = imuhip.simulate("walk", 0.3, 3, **options)
    slipped = imuhip.simulate("walk", 0.3, 3, **options, strap_slip=("pelvis", 10.0, 8.0))
    back = quaternion.about_axis(np.array([0.0, 1.0, 0.0]), np.radians(8.0))
    after = slice(round(11.0 * kept.rate_hz), None)
    gyr = quaternion.rotate(back, slipped.sensors["pelvis"].gyr[after])
    np.testing.assert_allclose(gyr, kept.sensors["pelvis"].gyr[after], atol=1e-6)


@pytest.mark.parametrize(
    "slip", [("trunk", 5.0, 10.0), ("pelvis", 1e6, 10.0), ("pelvis", 5.0, 400.0)]
)
def test_impossible_slips_are_refused(slip: tuple[str, float, float]) -> None:
    with pytest.raises(ConfigError, match="slip"):
        imuhip.simulate("walk", 0.3, 0, strap_slip=slip)
