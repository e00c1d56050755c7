"""Simulated people who tap sensors, and everything that may be taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

import imuhip
from imuhip.acquisition.tap_detection import TapDetector, TapFinding
from imuhip.simulation.taps import Tap, felt_acceleration

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
LENGTH_S = 14.0


@dataclass(frozen=True)
class Trial:
    """What each sensor feels, and which of them was tapped; None where nobody was."""

    kind: str
    rate_hz: float
    time_s: dict[str, np.ndarray]
    acc: dict[str, np.ndarray]
    tapped: str | None


@cache
def _worn(activity: str, seed: int, rate_hz: float) -> imuhip.Recording:
    return imuhip.simulate(
        activity, 0.6, seed, rate_hz=rate_hz, calibration=False, soft_tissue=1.0, strap_wobble=1.0
    )


def trial(kind: str, seed: int) -> Trial:
    """Return one of `KINDS`; everything in it differs from seed to seed."""
    rng = np.random.default_rng([seed, *kind.encode()])
    rates_hz = [50.0, 60.0, 100.0, 100.0, 200.0]
    if kind == "tap walking worn":
        rates_hz = rates_hz[2:]  # below, a step is as short as a tap: people are asked to stand
    rate_hz = float(rng.choice(rates_hz))
    n = round(LENGTH_S * rate_hz)
    times = {s: 100.0 + rng.uniform(0, 1 / rate_hz) + np.arange(n) / rate_hz for s in SEGMENTS}
    acc = {s: _base(kind, s, times[s], rate_hz, seed, rng) for s in SEGMENTS}
    tapped = str(rng.choice(SEGMENTS)) if kind in REAL else None
    for segment, taps in _taps(kind, tapped, rng).items():
        acc[segment] = acc[segment] + felt_acceleration(times[segment], 1 / rate_hz, taps)
    clipped = {s: np.clip(a, -16 * 9.81, 16 * 9.81) for s, a in acc.items()}
    return Trial(kind, rate_hz, times, clipped, tapped)


def _base(kind, segment, time_s, rate_hz, seed, rng) -> np.ndarray:
    noise = rng.normal(0, 0.06, (len(time_s), 3))
    up = rng.normal(size=3)
    still = 9.81 * up / np.linalg.norm(up) + noise
    if "walk" in kind or "run" in kind:
        worn = _worn("run" if "run" in kind else "walk", seed % 2, rate_hz).sensors[segment].acc
        first = round(rate_hz * (5 + 14 * np.random.default_rng(seed).random()))
        return worn[first : first + len(time_s)]
    if "worn" in kind or ("handled" in kind and rng.random() < 0.7):
        sway = 0.15 if "worn" in kind else 5.0
        return still + _smooth(time_s, sway, rng)
    return still


def _smooth(time_s: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    total = np.zeros((len(time_s), 3))
    for hz in (0.3, 0.7, 1.3, 2.6):
        phase = rng.uniform(0, 2 * np.pi, 3)
        total += rng.normal(0, size / 2, 3) * np.sin(2 * np.pi * hz * time_s[:, None] + phase)
    return total


def _peak(rng, least: float, most: float) -> tuple[float, float, float]:
    direction = rng.normal(size=3)
    x, y, z = rng.uniform(least, most) * direction / np.linalg.norm(direction)
    return (x, y, z)


def _push(at_s: float, peak: tuple[float, float, float], rng: np.random.Generator) -> Tap:
    return Tap(
        at_s,
        peak,
        width_s=rng.uniform(0.002, 0.005),
        ring_share=rng.uniform(0.05, 0.4),
        ring_hz=rng.uniform(14, 32),
        ring_decay_s=rng.uniform(0.02, 0.07),
    )


def _taps(kind: str, tapped: str | None, rng: np.random.Generator) -> dict[str, list[Tap]]:
    felt: dict[str, list[Tap]] = {s: [] for s in SEGMENTS}
    at_s = 104.5 + rng.uniform(0, 1)
    hard = (120.0, 260.0) if "walk" in kind or "run" in kind else (35.0, 120.0)
    if tapped is not None:
        # Who is not understood is asked, and taps again after a while.
        for start_s in at_s + np.array([0.0, 2.2, 4.4]) + rng.uniform(0, 0.8, 3):
            peak = np.array(_peak(rng, *hard))
            for push_s in (start_s, start_s + rng.uniform(0.18, 0.55)):
                tap = _push(push_s, tuple(peak * rng.uniform(0.7, 1.4)), rng)
                for segment in SEGMENTS:
                    # Over skin little comes through, over a table more.
                    most = 0.12 if "worn" in kind or "walk" in kind or "run" in kind else 0.3
                    share = 1.0 if segment == tapped else rng.uniform(0, most)
                    felt[segment].append(tap.scaled(share))
    if kind == "knock of two":
        one, other = rng.permutation(SEGMENTS)[:2]
        for push_s in (at_s, at_s + rng.uniform(0.18, 0.6)):
            tap = _push(push_s, _peak(rng, 30, 120), rng)
            felt[one].append(tap)
            felt[other].append(tap.scaled(rng.uniform(0.5, 1.0)))
    if kind == "bump":
        for bump_s in at_s + np.array([0.0, 2.5]) + rng.uniform(0, 0.5, 2):
            felt[str(rng.choice(SEGMENTS))].append(_push(bump_s, _peak(rng, 30, 150), rng))
    if kind == "bumps of two":
        one, other = rng.permutation(SEGMENTS)[:2]
        felt[one].append(_push(at_s, _peak(rng, 30, 150), rng))
        felt[other].append(_push(at_s + rng.uniform(0.1, 0.7), _peak(rng, 30, 150), rng))
    if kind == "put down":
        tap = _push(at_s, _peak(rng, 30, 150), rng)
        bounces = [
            tap,
            *(_push(at_s + d, tap.scaled(f).peak, rng) for d, f in ((0.09, 0.4), (0.12, 0.15))),
        ]
        felt[str(rng.choice(SEGMENTS))].extend(bounces)
    return felt


REAL = ("tap on a table", "tap worn", "tap walking worn", "tap handled")
FALSE = ("knock of two", "bump", "bumps of two", "put down", "walking", "running", "handled")
KINDS = (*REAL, *FALSE)


def detected(one: Trial, *, block_s: float = 0.1) -> list[TapFinding]:
    """Return everything the detector tells of a trial, fed block by block."""
    detector = TapDetector(dict.fromkeys(SEGMENTS, one.rate_hz))
    found: list[TapFinding] = []
    for end_s in np.arange(100.0, 100.0 + LENGTH_S, block_s):
        for segment, time_s in one.time_s.items():
            rows = (time_s >= end_s - block_s) & (time_s < end_s)
            detector.add(segment, time_s[rows], one.acc[segment][rows])
        found += detector.findings(float(end_s))
    return found


def outcome(one: Trial) -> str:
    """Return ``"right"``, ``"wrong"`` or ``"missed"``."""
    tapped = [f.sensors[0] for f in detected(one, block_s=0.5) if f.kind == "tapped"]
    if one.tapped is None:
        return "wrong" if tapped else "right"
    if not tapped:
        return "missed"
    return "right" if tapped[0] == one.tapped else "wrong"
