"""From the hand-over of a notification to the angles it completes, for `benchmarks.engine`.

A sample of the angles needs the samples of pelvis and thighs up to two rows later, so it is
complete with the last notification that brings one of those. When each was handed to the sensor's
radio stands in the packets, on the sensor's clock; the virtual sensors tell what their clocks are
on this computer's. When the angles were there the recorder has logged. What lies between is the
virtual radio, the host's stack, the engine and the estimation; not the wait for further samples of
the same packet.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.core.series import FloatArray, IntArray
from imuhip.recording.reader import read_packets
from imuhip.sensors.imuhip_v1.packets import decode_packet

__all__ = ["angle_latencies"]

_LOOK_AHEAD_ROWS = 2
_CLOSE_S = 1e-6


def angle_latencies(
    log_path: Path, recording: Path, sensors: Mapping[str, Any], rate_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Return how late each sample of the angles was, in two ways.

    Parameters
    ----------
    log_path : Path
        Of the recorder's view.
    recording : Path
        Where the packets are.
    sensors : mapping of segment to facts
        What each sensor's clock showed at an instant of this computer's clock.
    rate_hz : float
        Of the angles.

    Returns
    -------
    after_notification_s, after_motion_s : (n,) arrays, s
        From the hand-over of the notification that completed the sample; and from the instant the
        sample shows, which contains the filling of packets.
    """
    with np.load(log_path) as stored:
        log, segments = stored["log"], [str(name) for name in stored["segments"]]
    done_s, first_s, last_s = log[:, 0], log[:, 1], log[:, 2]
    n_rows = np.rint((last_s - first_s) * rate_hz).astype(int) + 1
    look = np.repeat(np.arange(len(log)), n_rows)
    row = np.arange(len(look)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    time_s = first_s[look] + row / rate_hz
    needed_s = time_s + _LOOK_AHEAD_ROWS / rate_hz - _CLOSE_S
    complete_s = np.full(len(time_s), -np.inf)
    sampled_s = np.full(len(time_s), np.nan)
    is_known = np.ones(len(time_s), dtype=bool)
    for k, segment in enumerate(segments):
        seq, sent_s, of_sample_s = _packets(recording, segment, sensors[segment], rate_hz)
        newest_seq, newest_s = log[:, 4 + 2 * k], log[:, 5 + 2 * k]
        # On the clock of the angles: the mapping is a line, known wherever somebody looked.
        packet_s = np.interp(seq, newest_seq, newest_s, left=np.nan, right=np.nan)
        inside = np.isfinite(packet_s)
        at = np.searchsorted(packet_s[inside], needed_s)
        is_known &= (at > 0) & (at < np.count_nonzero(inside))
        at = np.minimum(at, np.count_nonzero(inside) - 1)
        complete_s = np.maximum(complete_s, sent_s[inside][at])
        if k == 0:
            sampled_s = np.interp(time_s, packet_s[inside], of_sample_s[inside])
    # What was given up waiting for was told before it was complete.
    is_known &= done_s[look] >= complete_s
    return (done_s[look] - complete_s)[is_known], (done_s[look] - sampled_s)[is_known]


def _packets(
    recording: Path, segment: str, sensor: Mapping[str, Any], rate_hz: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return of each packet: number of its last sample, when that was taken and when handed over.

    The instants are on this computer's clock.
    """
    packets = [decode_packet(packet) for packet in read_packets(recording, segment)[1]]
    n_samples = np.array([len(packet.counts) for packet in packets])
    seq = np.array([packet.seq for packet in packets]) + n_samples - 1
    last_us = np.array([packet.time_us for packet in packets], dtype=float)
    last_us += (n_samples - 1) * 1e6 / rate_hz
    sent_us = last_us + np.array([packet.age_us for packet in packets])
    pace = 1e-6 / (1 + sensor["skew_ppm"] * 1e-6)
    taken_s = sensor["monotonic_s"] + (last_us - sensor["clock_us"]) * pace
    sent_s = sensor["monotonic_s"] + (sent_us - sensor["clock_us"]) * pace
    return seq, sent_s, taken_s
