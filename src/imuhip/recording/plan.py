"""What a `SessionWriter` is given: who will be recorded, and rows of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.core.series import FloatArray, IntArray

__all__ = ["SampleRows", "SensorPlan"]


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """Which sensor is about to be recorded on a segment; one per segment."""

    segment: str
    identity: SensorIdentity
    address: str
    config: StreamConfig
    battery_percent: int | None
    simulated: bool
    driver: str


@dataclass(frozen=True, slots=True)
class SampleRows:
    """Decoded samples of one sensor, in the order they arrived.

    Parameters
    ----------
    epoch : (n,) array of int
        Rises each time the sensor's clock and numbering start anew.
    seq : (n,) array of int
        Sample numbers within the epoch, unwrapped.
    device_time_s, time_s, arrival_s : (n,) array, s
        On the sensor's clock; on the recording's clock by the live mapping; when the packet came.
    acc, gyr : (n, 3) array, m/s² and rad/s
        Sensor frame.
    mag : (n, 3) array, µT, optional
        Sensor frame.
    flags : (n,) array of int
        Bits of `imuhip.core.sensor.FLAGS`.
    """

    epoch: IntArray
    seq: IntArray
    device_time_s: FloatArray
    time_s: FloatArray
    arrival_s: FloatArray
    acc: FloatArray
    gyr: FloatArray
    mag: FloatArray | None
    flags: IntArray

    def __post_init__(self) -> None:
        n_rows = len(self.seq)
        for name in ("epoch", "seq", "device_time_s", "time_s", "arrival_s", "flags"):
            if np.shape(getattr(self, name)) != (n_rows,):
                shape = np.shape(getattr(self, name))
                raise ValueError(f"Expected {name} of shape ({n_rows},), got {shape}")
        for name in ("acc", "gyr", "mag"):
            values = getattr(self, name)
            if values is not None and np.shape(values) != (n_rows, 3):
                raise ValueError(f"Expected {name} of shape ({n_rows}, 3), got {np.shape(values)}")

    def __len__(self) -> int:
        return len(self.seq)
