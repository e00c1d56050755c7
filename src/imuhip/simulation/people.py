"""A person: body dimensions, cadence, and curves of their own, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.gait_curves import CURVES, RANGES, Gait

__all__ = ["BodyDimensions", "GaitStyle", "Person", "PersonalCurve", "draw_person"]

_LEG_CHANNELS = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion")


@dataclass(frozen=True, slots=True)
class BodyDimensions:
    """Lengths of a body, m.

    Parameters
    ----------
    height_m : float
        Standing height.
    thigh_m, shank_m : float
        0.245 and 0.246 of the height (Drillis and Contini 1966, in Winter 2009,
        doi:10.1002/9780470549148).
    hip_half_distance_m : float
        From the middle between the hip centres to each; about 0.085 m (Harrington et al. 2007,
        doi:10.1016/j.jbiomech.2006.02.003).
    """

    height_m: float
    thigh_m: float
    shank_m: float
    hip_half_distance_m: float

    @property
    def hip_height_m(self) -> float:
        """Return the height of the hip centres while standing (0.039 of the height is foot)."""
        return self.thigh_m + self.shank_m + 0.039 * self.height_m

    def hip_centre_m(self, side: Side) -> FloatArray:
        """Return the hip centre in the pelvis, whose origin is the middle between both."""
        return np.array([0.0, 0.0, self.hip_half_distance_m * (1.0 if side == "right" else -1.0)])


@dataclass(frozen=True, slots=True)
class PersonalCurve:
    """One channel of one person's gait: ``mean + Re(sum(h_k exp(2 pi i k phase)))``."""

    mean: float
    harmonics: np.ndarray[tuple[int], np.dtype[np.complex128]]
    speed_exponent: float


@dataclass(frozen=True, slots=True)
class GaitStyle:
    """How a person walks or runs.

    Parameters
    ----------
    speed_m_s : float
        Comfortable speed, at which the curves hold.
    stride_hz : float
        Strides per second of one leg at that speed.
    stride_hz_exponent : float
        The stride rate grows with relative speed to this power.
    curves : mapping of channel to PersonalCurve
        Channels of the pelvis and trunk by name, of the legs as ``"<channel>_<side>"``; degrees
        or mm, the leg's phase counted from its own initial contact.
    impact_m_s2 : float
        Peak acceleration of the foot-strike shock at the pelvis.
    """

    speed_m_s: float
    stride_hz: float
    stride_hz_exponent: float
    curves: dict[str, PersonalCurve]
    impact_m_s2: float


@dataclass(frozen=True, slots=True)
class Person:
    """A body with its ways of moving."""

    body: BodyDimensions
    styles: dict[Gait, GaitStyle]
    step_asymmetry: float
    """The left contact comes this part of a stride after the middle of the right stride."""
    swing_hz: float
    """Rate of the calibration leg swings."""
    swing_out_of_plane: dict[Side, tuple[float, float]]
    """Adduction and internal rotation per flexion in a leg swing."""


def _draw_curve(rng: np.random.Generator, gait: Gait, channel: str) -> PersonalCurve:
    """Scale a published shape to a person's range, and bend it a little."""
    figures, curve = RANGES[gait][channel], CURVES[gait][channel]
    size = max(rng.normal(figures.range_mean, figures.range_sd), 0.4 * figures.range_mean)
    harmonics = curve.harmonics * (size / curve.range)
    bend = rng.normal(0.0, 0.06, (2, len(harmonics)))
    bend[:, 0] *= 0.3  # the first harmonic carries the phase of the whole movement
    return PersonalCurve(
        mean=float(rng.normal(figures.mean, figures.mean_sd)),
        harmonics=harmonics * (1.0 + bend[0] + 1j * bend[1]),
        speed_exponent=figures.speed_exponent,
    )


def _sided(rng: np.random.Generator, curve: PersonalCurve, mean_sd: float) -> PersonalCurve:
    """Return one leg's curve: no two legs of a person are the same."""
    return PersonalCurve(
        mean=curve.mean + float(rng.normal(0.0, mean_sd)),
        harmonics=curve.harmonics * (1.0 + rng.normal(0.0, 0.03)),
        speed_exponent=curve.speed_exponent,
    )


def _draw_style(rng: np.random.Generator, gait: Gait, height_m: float) -> GaitStyle:
    curves: dict[str, PersonalCurve] = {}
    for channel in CURVES[gait]:
        curve = _draw_curve(rng, gait, channel)
        if channel in _LEG_CHANNELS:
            mean_sd = 0.3 * RANGES[gait][channel].mean_sd
            curves |= {f"{channel}_{side}": _sided(rng, curve, mean_sd) for side in SIDES}
        else:
            curves[channel] = curve
    # Short legs step faster: rates go with 1/sqrt(leg length), Hof 1996,
    # doi:10.1016/0966-6362(95)01057-2. Comfortable walking 1.3 m/s at 0.93 strides/s: Bohannon
    # 1997, doi:10.1093/ageing/26.1.15; running 3 m/s at 1.38 strides/s.
    stature = np.sqrt(1.72 / height_m)
    if gait == "walk":
        speed, rate, exponent, impact = (
            rng.normal(1.3, 0.1), rng.normal(0.93, 0.04), 0.5, rng.uniform(2.0, 5.0),
        )  # fmt: skip
    else:
        speed, rate, exponent, impact = (
            rng.normal(3.0, 0.25), rng.normal(1.38, 0.05), 0.2, rng.uniform(8.0, 16.0),
        )  # fmt: skip
    return GaitStyle(
        speed_m_s=float(speed),
        stride_hz=float(rate * stature),
        stride_hz_exponent=exponent,
        curves=curves,
        impact_m_s2=float(impact),
    )


def draw_person(rng: np.random.Generator) -> Person:
    """Draw an adult.

    Parameters
    ----------
    rng : numpy.random.Generator
        The same state draws the same person.
    """
    height = float(np.clip(rng.normal(1.72, 0.09), 1.45, 2.05))
    body = BodyDimensions(
        height_m=height,
        thigh_m=0.245 * height * float(rng.normal(1.0, 0.02)),
        shank_m=0.246 * height * float(rng.normal(1.0, 0.02)),
        hip_half_distance_m=0.085 * height / 1.72 * float(rng.normal(1.0, 0.05)),
    )
    return Person(
        body=body,
        styles={gait: _draw_style(rng, gait, height) for gait in CURVES},
        step_asymmetry=float(rng.normal(0.0, 0.006)),
        swing_hz=float(rng.uniform(0.45, 0.6)),
        swing_out_of_plane={
            side: (float(rng.normal(0.0, 0.08)), float(rng.normal(0.0, 0.1))) for side in SIDES
        },
    )
