"""``imuhip check`` judges a clock by what sensors of its model can do."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.cli.check import _judged, sensor_facts
from imuhip.core.sensor import ClockFit, SensorIdentity, StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.recording.session import DeviceRecord
from imuhip.sensors.clock_limits import CLOCK_LIMITS_S
from imuhip.sensors.registry import DRIVERS


def levels(driver: str, clock_hz: float, uncertainty_ms: float) -> list[int]:
    time_s = np.arange(1000) / 100.0
    values = np.ones((1000, 3))
    device = DeviceRecord(
        SensorIdentity(driver, "1", "1", clock_hz),
        "C0:00:00:00:00:01",
        StreamConfig(rate_hz=100),
        clock_fits=(ClockFit(0, 0.0, 0.0, 1.0, 1e-3 * uncertainty_ms),),
        driver=driver,
    )
    facts = sensor_facts(ImuSeries(time_s=time_s, acc=values, gyr=values), 100.0, device)
    return [f.level for f in _judged("pelvis", facts) if "clock" in f.text]


@pytest.mark.parametrize(
    ("driver", "clock_hz", "limit_ms"),
    [
        ("imuhip", 1e6, 2.0),
        ("Movella DOT", 1e6, 5.0),
        ("Movesense", 1e3, 5.0),
        ("MetaMotion", 682.67, 5.0),
        ("WitMotion", 0.0, 15.0),
        ("Thingy:52", 0.0, 15.0),
    ],
)
def test_a_clock_is_judged_by_its_model(driver: str, clock_hz: float, limit_ms: float):
    assert levels(driver, clock_hz, 0.95 * limit_ms) == []
    assert levels(driver, clock_hz, 1.05 * limit_ms) == [1]
    assert levels(driver, clock_hz, 2.6 * limit_ms) == [2]


def test_limits_are_those_of_drivers_there_are():
    assert set(CLOCK_LIMITS_S) <= {driver.model for driver in DRIVERS}
