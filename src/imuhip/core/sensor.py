"""What is known of a sensor, and what its bytes turn into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray, IntArray, read_only

__all__ = [
    "FLAGS",
    "ClockFit",
    "SampleBlock",
    "SensorCounters",
    "SensorIdentity",
    "StreamConfig",
]

FLAGS = {
    "clip_acc": 1,
    "clip_gyr": 2,
    "fifo_overflow": 4,
    "low_battery": 8,
    "backfilled": 16,
    "resampled": 32,
}
"""Bits of `SampleBlock.flags` and of the ``flags`` dataset of a session file."""


@dataclass(frozen=True, slots=True)
class SensorIdentity:
    """Who a sensor is, read from it after connecting."""

    model: str
    serial: str
    firmware: str
    clock_hz: float
    """Nominal rate of the device clock that stamps samples; 0 for a sensor that states no time."""
    asks_for_bond: bool = False
    """The sensor lets itself be configured and started only over a link encrypted with a bond."""


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """What a sensor is asked to stream."""

    rate_hz: int = 100
    acc_range_g: int = 16
    gyr_range_dps: int = 2000
    batch_samples: int = 0
    """Samples in one notification; 0 lets the sensor fill the MTU or choose for latency."""


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Consecutive samples decoded from one packet.

    Parameters
    ----------
    first_seq : int
        Number of the first sample, counted by the sensor since its stream started, unwrapped.
    device_time_s : (n,) array, s
        On the sensor's own clock, unwrapped.
    acc : (n, 3) array, m/s²
        Sensor frame.
    gyr : (n, 3) array, rad/s
        Sensor frame.
    mag : (n, 3) array, µT, optional
        Sensor frame.
    flags : int
        Bits of `FLAGS`, valid for the whole block.
    sent_time_s : float, s, optional
        When the sensor gave the packet to its radio, on its own clock; None when it does not tell.
        Nearer to the packet's arrival than any sample, hence what maps clocks best.
    packet_time_s : float, s, optional
        The newest sample time in the packet that completed this block, on the sensor's clock, where
        samples wait for those of another stream and the block's last sample is therefore older.
    """

    first_seq: int
    device_time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray
    mag: FloatArray | None = None
    flags: int = 0
    sent_time_s: float | None = None
    packet_time_s: float | None = None
    is_counted: bool = False
    """The sensor states neither numbers nor time: both are a count of what arrived, at the nominal
    rate. A loss does not show in them; arrivals alone tell when the count went wrong."""

    def __post_init__(self) -> None:
        for name in ("device_time_s", "acc", "gyr"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.device_time_s)

    @property
    def seq(self) -> IntArray:
        """Return the (n,) sample numbers."""
        return self.first_seq + np.arange(len(self), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class SensorCounters:
    """What happened to one sensor's samples; every number counts samples unless it says packets."""

    received: int = 0
    """Distinct samples stored."""
    lost: int = 0
    """Numbers missing between the first and the last sample of each epoch, and the samples for
    which the pauses between epochs have room: an estimate of a sensor that numbers nothing. Samples
    that arrived and could not be stored are lost, too."""
    duplicated: int = 0
    """Samples that came again and were dropped."""
    reordered: int = 0
    """Samples that came after a later one."""
    bad_packets: int = 0
    """Packets that could not be decoded; their bytes are kept."""
    overrun_packets: int = 0
    """Packets that found the queue to the recorder full."""
    backfilled: int = 0
    """Samples the sensor sent again after a loss."""
    reconnects: int = 0
    """Times the link was established again."""
    longest_gap_s: float = 0.0
    """Longest time without a sample."""
    resynced: int = 0
    """Times the stream lost its place and found it again: its clock or count began anew, or bytes
    were skipped to find the next frame."""


@dataclass(frozen=True, slots=True)
class ClockFit:
    """The line from one epoch of a sensor's clock to the recording's clock.

    ``time_s = host_zero_s + slope * (device_time_s - device_zero_s)``. An epoch ends when the
    sensor's clock starts anew, not when a link breaks.
    """

    epoch: int
    device_zero_s: float
    host_zero_s: float
    slope: float
    uncertainty_s: float
    """One-sigma error between sensors, from the residuals and the known transmission grid."""

    def to_recording(self, device_time_s: FloatArray) -> FloatArray:
        """Map (n,) device times to (n,) recording times, s."""
        return np.asarray(
            self.host_zero_s + self.slope * (device_time_s - self.device_zero_s), dtype=float
        )
