"""What a simulated recording tells of itself: the bones' truth, and which sensors never were."""

from __future__ import annotations

from collections.abc import Mapping

from imuhip.core import quaternion
from imuhip.core.sensor import SensorCounters, SensorIdentity, StreamConfig
from imuhip.core.series import FloatArray, ImuSeries
from imuhip.recording.session import DeviceRecord, Truth
from imuhip.simulation.ideal_imu import SegmentMotion
from imuhip.simulation.motion import BodyMotion, truth_angles

__all__ = ["device_record", "sensor_orientation", "truth_of"]


def sensor_orientation(motion: SegmentMotion, q_BS: FloatArray, per_sample: int) -> FloatArray:
    """Return ``q_WS`` (m, 4) at the sensor's samples.

    Parameters
    ----------
    motion : SegmentMotion
        Of the bone, `per_sample` times denser than the sensor's samples.
    q_BS : (4,) or (n, 4) array
        Orientation of the sensor in the bone.
    per_sample : int
    """
    in_bone = q_BS if q_BS.ndim == 1 else q_BS[::per_sample]
    return quaternion.multiply(motion.q_WB[::per_sample], in_bone)


def truth_of(
    body: BodyMotion,
    motions: Mapping[str, SegmentMotion],
    sensor_orientations: Mapping[str, FloatArray],
    per_sample: int,
) -> Truth:
    """Return the bones' truth at the sensors' samples."""
    rows = slice(None, None, per_sample)
    return Truth(
        time_s=body.time_s[rows],
        angles_rad=truth_angles({name: value[rows] for name, value in body.angles_rad.items()}),
        orientations={name: motion.q_WB[rows].copy() for name, motion in motions.items()},
        initial_contacts_s={str(side): t for side, t in body.initial_contacts_s.items()},
        toe_offs_s={str(side): t for side, t in body.toe_offs_s.items()},
        sensor_orientations=sensor_orientations,
    )


def device_record(segment: str, series: ImuSeries, rate_hz: float) -> DeviceRecord:
    """Return the record of a simulated sensor and of the samples it lost."""
    received = int(series.valid.sum())
    return DeviceRecord(
        identity=SensorIdentity("simulated", f"SIM-{segment}", "0", rate_hz),
        address="",
        config=StreamConfig(rate_hz=round(rate_hz)),
        counters=SensorCounters(received=received, lost=len(series) - received),
        simulated=True,
    )
