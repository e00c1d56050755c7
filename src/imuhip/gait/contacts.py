"""When each foot meets the ground, told by sensors that are on neither foot.

Strides are cut where the thigh is flexed most; contact follows within a tenth of a second, at an
instant of the swing that is each person's own. What tells it is the shock: at contact the pelvis is
hit, and all that is faster than 8 Hz in the size of its specific force stands up within a hundredth
of a second. One strike drowns in noise; the mean over all strides of a leg and gait does not. So
the mean gives the person's own delay, and each stride then only how far it is shifted against that
mean, as much as its likeness to it allows. The thigh's own shocks are not asked: a loose strap
rings when the swing ends, before contact. A shank sensor is asked instead of the pelvis: the shock
there is ten times larger.

Every instant has its own standard deviation: what cannot be known (how late the shock comes), and
how sharply this stride tells it. When the foot leaves the ground is told by `imuhip.gait.toe_off`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from imuhip.core.butterworth import band_pass, zero_phase
from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["LOWEST_RATE_HZ", "ContactTimes", "Shocks", "contact_times", "shock_signal"]

Struck = Literal["pelvis", "shank"]

_SHOCK_HZ = (8.0, 25.0)
LOWEST_RATE_HZ = 40.0
"""Below, the shock is not in the samples."""

_LAG_S = {False: 0.012, True: 0.015}
"""From contact to the top of the shock, walking and running."""

_AFTER_FLEXION_S = {False: (0.045, 0.050), True: (0.090, 0.050)}
"""Contact after the greatest (smoothed) flexion, walking and running: mean and spread of people."""

_LAG_SD_S: Final[dict[Struck, float]] = {"pelvis": 0.009, "shank": 0.007}
_UNSEEN_SD_S = 0.022
"""Of contact where no shock stands out: the spread of people, less what the gait itself tells."""

_SWING_SD_S = 0.010
"""How much the greatest flexion of single strides scatters against contact."""

_STEP_S = 0.004
_WINDOW_S = (-0.28, 0.42)
_TEMPLATE_S = (-0.05, 0.09)
_LARGEST_SHIFT_S = 0.04
_LARGEST_EDGE_SHIFT_S = 0.16
_SURE_LIKENESS = 0.75
_EDGE_SD_S = 0.06
"""Starting and stopping, legs swing at their own time; only a sure shock tells of the contact."""

_CLEAR = 2.0
"""So many times its own mean elsewhere must the shock be to count as seen."""

_RINGS_S = (0.035, 0.080)
_FIRST_SHARE = 0.6
"""A shock rings on: of two tops so far apart the first is meant, if it is at least so high."""

_BANDWIDTH_RAD_S = 2.0 * np.pi * 13.0
_INDEPENDENT = 5.0
"""Independent values of the shock's band in its window."""


@dataclass(frozen=True, slots=True)
class Shocks:
    """What tells of contacts.

    Parameters
    ----------
    signal : (n,) array, m/s²
        See `shock_signal`.
    struck : {"pelvis", "shank"}
        Where it was measured.
    """

    signal: FloatArray
    struck: Struck


@dataclass(frozen=True, slots=True)
class ContactTimes:
    """Instants and how well they are known.

    Parameters
    ----------
    at_s, sd_s : (k,) arrays, s
    random_sd_s : (k,) array, s
        The part of `sd_s` that differs from stride to stride.
    shock_seen : (k,) bool array
        Whether more than the swing of the leg tells of it.
    """

    at_s: FloatArray
    sd_s: FloatArray
    random_sd_s: FloatArray
    shock_seen: BoolArray


def shock_signal(acc: FloatArray, rate_hz: float) -> FloatArray | None:
    """Return the fast part (n,) of the size of a specific force, None at too low a rate.

    Parameters
    ----------
    acc : (n, 3) array, m/s²
        Finite; any mounting.
    rate_hz : float
    """
    if rate_hz < LOWEST_RATE_HZ or len(acc) < rate_hz:
        return None
    size = np.sqrt(np.einsum("nc,nc->n", acc, acc))
    return zero_phase(band_pass(*_SHOCK_HZ, rate_hz), size, mirrored=True)


def contact_times(
    time_s: FloatArray,
    shocks: Shocks | None,
    flexed_s: FloatArray,
    running: BoolArray,
    edge: BoolArray,
) -> ContactTimes:
    """Return one leg's initial contacts, one for each time its thigh is flexed most.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    shocks : Shocks, optional
        None where there is nothing but the swing to tell of contacts.
    flexed_s : (k,) array, s
        Greatest flexion, smoothed.
    running : (k,) bool array
        Whether that stride is of running.
    edge : (k,) bool array
        Whether the leg swings there as in no other stride: starts, stops and changes of gait.
    """
    at_s, sd_s = np.empty(len(flexed_s)), np.where(edge, _EDGE_SD_S, _UNSEEN_SD_S)
    seen = np.zeros(len(flexed_s), dtype=bool)
    each_sd_s = np.where(edge, _EDGE_SD_S, _SWING_SD_S)
    for gait in (False, True):
        own = np.flatnonzero(running == gait)
        usual_s, _ = _AFTER_FLEXION_S[gait]
        at_s[own] = flexed_s[own] + usual_s
        if shocks is None or len(own) == 0:
            continue
        found = _struck(time_s, shocks.signal, flexed_s[own], edge[own], _AFTER_FLEXION_S[gait])
        if found is None:
            continue
        shift_s, random_sd_s = found
        at_s[own] = flexed_s[own] + shift_s - _LAG_S[gait]
        sd_s[own] = np.hypot(_LAG_SD_S[shocks.struck], random_sd_s)
        each_sd_s[own] = random_sd_s
        seen[own] = True
    return ContactTimes(at_s, sd_s, each_sd_s, seen)


def _struck(
    time_s: FloatArray,
    signal: FloatArray,
    flexed_s: FloatArray,
    edge: BoolArray,
    usual_s: tuple[float, float],
) -> tuple[FloatArray, FloatArray] | None:
    """Return when the shock is at its top after each greatest flexion, and the random sd of that.

    None when no shock stands out of the mean over the strides.
    """
    lags_s = np.arange(*_WINDOW_S, _STEP_S)
    at_s = flexed_s[:, None] + lags_s
    strides = np.interp(at_s.ravel(), time_s, signal).reshape(at_s.shape)
    whole = ~edge if (~edge).sum() >= 3 else np.ones(len(edge), dtype=bool)
    mean = strides[whole].mean(axis=0)
    likely = np.exp(-0.5 * ((lags_s - usual_s[0]) / usual_s[1]) ** 2)
    top = _first_top(mean, likely)
    quiet = np.sqrt(np.mean(signal**2))
    if len(flexed_s) < 3 or not mean[top] > _CLEAR * quiet / np.sqrt(len(flexed_s)):
        return None
    wanted = (lags_s >= lags_s[top] + _TEMPLATE_S[0]) & (lags_s <= lags_s[top] + _TEMPLATE_S[1])
    rows = np.flatnonzero(wanted)
    shift, _ = _aligned(strides, _template(strides[whole], rows), rows)
    template = _template(strides[whole], rows, shift[whole])
    shift, likeness = _aligned(strides, template, rows)
    # noise over signal, in independent values: the bound of any estimate of a delay
    noise = (1.0 - likeness**2) / np.maximum(likeness, 0.05) ** 2
    measured_sd = np.sqrt(noise / _INDEPENDENT) / _BANDWIDTH_RAD_S
    weight = _SWING_SD_S**2 / (_SWING_SD_S**2 + measured_sd**2)
    shift_s = weight * shift * _STEP_S
    shift_s += np.average(shift * _STEP_S, weights=weight) * (1.0 - weight)
    template = _template(strides[whole], rows, shift[whole])
    near = np.abs(lags_s[rows] - lags_s[top]) < 0.5 * _RINGS_S[0]
    peak = int(np.argmax(np.where(near, template, -np.inf)))
    fine = peak + _vertex(template[None], np.array([peak]))[0]
    random_sd_s = np.sqrt(weight) * measured_sd
    if edge.any():
        wide, likeness = _aligned(strides[edge], template, rows, _LARGEST_EDGE_SHIFT_S)
        sure = likeness > _SURE_LIKENESS
        shift_s[edge] = np.where(sure, wide * _STEP_S, shift_s[edge])
        random_sd_s[edge] = np.where(sure, _SWING_SD_S, _EDGE_SD_S)
    return lags_s[rows[0]] + fine * _STEP_S + shift_s, random_sd_s


def _first_top(mean: FloatArray, likely: FloatArray) -> int:
    """Return where the mean shock is at its top: at its first one, not where it rings on."""
    top = int(np.argmax(mean * likely))
    peaks = np.flatnonzero((mean[1:-1] >= mean[:-2]) & (mean[1:-1] > mean[2:])) + 1
    before_s = (top - peaks) * _STEP_S
    near = (before_s >= _RINGS_S[0]) & (before_s <= _RINGS_S[1])
    earlier = peaks[near & (mean[peaks] > _FIRST_SHARE * mean[top])]
    return int(earlier[0]) if len(earlier) else top


def _template(strides: FloatArray, rows: IntArray, shift: FloatArray | float = 0.0) -> FloatArray:
    """Return the mean (r,) of the wanted rows of all strides, each moved by its shift in steps."""
    moved = np.broadcast_to(np.asarray(shift, dtype=float), (len(strides),))
    at = np.clip(rows + moved[:, None], 0, strides.shape[1] - 1.001)
    base = np.floor(at).astype(int)
    each, share = np.arange(len(strides))[:, None], at - base
    values = (1 - share) * strides[each, base] + share * strides[each, base + 1]
    return np.asarray(values.mean(axis=0))


def _aligned(
    strides: FloatArray,
    template: FloatArray,
    rows: IntArray,
    largest_s: float = _LARGEST_SHIFT_S,
) -> tuple[FloatArray, FloatArray]:
    """Return how far (in steps) each stride is shifted against a mean, and how like it is."""
    largest = round(largest_s / _STEP_S)
    tried = np.arange(-largest, largest + 1)
    likeness = np.empty((len(strides), len(tried)))
    for k, move in enumerate(tried):
        part = strides[:, np.clip(rows + move, 0, strides.shape[1] - 1)]
        size = np.sqrt(np.einsum("kr,kr->k", part, part) * (template @ template))
        likeness[:, k] = part @ template / np.maximum(size, 1e-12)
    # far from the usual the same shock is less likely: its ringing looks much like itself
    usual = np.exp(-0.5 * (tried * _STEP_S / (0.5 * largest_s)) ** 2)
    best = np.argmax(likeness * usual, axis=1)
    each = np.arange(len(strides))
    return tried[best] + _vertex(likeness, best), np.clip(likeness[each, best], 0.05, 0.999)


def _vertex(values: FloatArray, at: IntArray) -> FloatArray:
    """Return how far beside its maximum the parabola through it and its neighbours has its own."""
    each, inner = np.arange(len(values)), np.clip(at, 1, values.shape[1] - 2)
    before, top, after = (values[each, inner + k] for k in (-1, 0, 1))
    bend = np.minimum(before - 2.0 * top + after, -1e-12)
    return np.asarray(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))
