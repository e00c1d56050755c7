"""What a simulated person truly did: what each second was, which strides there were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.ndimage import uniform_filter1d

import imuhip
from imuhip.core import quaternion
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray, IntArray
from imuhip.gait.seconds import KINDS, TURNING_RAD_S
from imuhip.kinematics.angles import pelvis_attitude, unwrap_heading

__all__ = ["StrideScore", "score_strides", "true_seconds"]

_LONGEST_STEP_S = 1.2
_STILL_MEAN_RAD_S, _STILL_SPREAD_RAD_S = 0.15, 0.12
_NEAR_S = 0.25


def _by_second(values: FloatArray, frame: int, n_seconds: int) -> FloatArray:
    starts = np.arange(n_seconds) * frame
    count = np.minimum(starts + frame, len(values)) - starts
    return np.asarray(np.add.reduceat(values, starts) / count)


def true_seconds(recording: imuhip.Recording) -> IntArray:
    """Return what each second truly was, as its place in `KINDS`.

    Gait is what lies between contacts of either foot; running what the plan says; a turn where the
    pelvis, averaged over a stride, turns by more than 45 deg/s; still where no bone moves more than
    standing people sway.
    """
    truth = recording.truth_motion
    assert truth is not None
    time_s, rate_hz = truth.time_s, recording.rate_hz
    frame = round(rate_hz)
    n_seconds = int(np.ceil(len(time_s) / frame))
    contacts = np.sort(np.concatenate(list(truth.initial_contacts_s.values())))
    following = np.searchsorted(contacts, time_s, side="right")
    inside = (following > 0) & (following < len(contacts))
    gap = np.diff(contacts)[np.clip(following - 1, 0, len(contacts) - 2)]
    gait: BoolArray = inside & (gap < _LONGEST_STEP_S)
    runs = np.zeros(len(time_s), dtype=bool)
    named = {marker.name for marker in recording.markers}
    mixed = bool(named & {"walk", "run"})
    wanted = "run" if mixed else "gait" if "run" in (recording.subject or "") else ""
    for marker in recording.markers:
        if marker.name == wanted:
            runs |= (time_s >= marker.start_s) & (time_s < marker.end_s)
    heading = unwrap_heading(pelvis_attitude(truth.orientations["pelvis"])[:, 2])
    stride_s = float(np.median(np.diff(truth.initial_contacts_s["left"])))
    turn = np.gradient(uniform_filter1d(heading, round(stride_s * rate_hz))) * rate_hz
    still = np.ones(n_seconds, dtype=bool)
    for q_WB in truth.orientations.values():
        step = quaternion.multiply(quaternion.conjugate(q_WB[:-1]), q_WB[1:])
        rate = 2.0 * rate_hz * step[:, 1:] * np.sign(step[:, :1])
        rate = np.concatenate([rate, rate[-1:]])
        mean = np.stack([_by_second(axis, frame, n_seconds) for axis in rate.T])
        square = np.stack([_by_second(axis**2, frame, n_seconds) for axis in rate.T])
        spread = np.sqrt(np.maximum((square - mean**2).sum(axis=0), 0.0))
        still &= (np.abs(mean).max(axis=0) < _STILL_MEAN_RAD_S) & (spread < _STILL_SPREAD_RAD_S)
    labels = np.full(n_seconds, KINDS.index("other"))
    labels[still] = KINDS.index("still")
    moving = _by_second(gait.astype(float), frame, n_seconds) >= 0.5
    labels[moving] = KINDS.index("walk")
    running = _by_second(runs.astype(float), frame, n_seconds) >= 0.5
    labels[moving & running] = KINDS.index("run")
    labels[np.abs(_by_second(turn, frame, n_seconds)) > TURNING_RAD_S] = KINDS.index("turn")
    return labels


@dataclass(frozen=True)
class StrideScore:
    """How one leg's strides in the table compare to the truth.

    Parameters
    ----------
    n_true, n_found : int
    n_missed : int
        True strides that no row has.
    n_false : int
        Rows that are no true stride, and not the next ones.
    n_beyond : int
        Rows just before the first or after the last contact that the simulator counts: it counts
        none with less than half of the full movement.
    contact_s, toe_off_s, stride_s : (k,) arrays, s
        Errors of the rows that are true strides.
    valid : (k,) bool array
        Which of these rows count in a summary.
    z : (k,) array
        Error of contact over its stated sd.
    """

    n_true: int
    n_found: int
    n_missed: int
    n_false: int
    n_beyond: int
    contact_s: FloatArray
    toe_off_s: FloatArray
    stride_s: FloatArray
    valid: BoolArray
    z: FloatArray


def score_strides(strides: pd.DataFrame, recording: imuhip.Recording, side: Side) -> StrideScore:
    """Compare one leg's rows with the simulator's contacts."""
    truth = recording.truth_motion
    assert truth is not None
    contacts, leaves = truth.initial_contacts_s[side], truth.toe_offs_s[side]
    length = np.diff(contacts)
    longest = 1.7 * float(np.median(length))
    own = strides[strides["side"] == side]
    begin = own["initial_contact_s"].to_numpy(dtype=float)
    end = begin + own["stride_time_s"].to_numpy(dtype=float)
    first = np.abs(begin[:, None] - contacts).argmin(axis=1)
    last = np.abs(end[:, None] - contacts).argmin(axis=1)
    near = np.abs(begin - contacts[first]) < _NEAR_S
    ends = np.abs(end - contacts[last]) < _NEAR_S
    good = near & ends & (last == first + 1)
    good &= np.append(length, np.inf)[np.minimum(first, len(length))] < longest
    is_stride = length < longest
    outer = np.concatenate([[False], is_stride]) ^ np.concatenate([is_stride, [False]])
    at_edge = (near & outer[first]) | (ends & outer[last])
    some = own[good]
    row = first[good]
    contact_error = begin[good] - contacts[row]
    return StrideScore(
        n_true=int(is_stride.sum()),
        n_found=len(own),
        n_missed=int((~np.isin(np.flatnonzero(is_stride), row)).sum()),
        n_false=int((~good & ~at_edge).sum()),
        n_beyond=int((~good & at_edge).sum()),
        contact_s=contact_error,
        toe_off_s=some["toe_off_s"].to_numpy(dtype=float) - leaves[row],
        stride_s=some["stride_time_s"].to_numpy(dtype=float) - length[row],
        valid=some["valid"].to_numpy(dtype=bool),
        z=contact_error / some["initial_contact_sd_s"].to_numpy(dtype=float),
    )
