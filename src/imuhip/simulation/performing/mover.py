"""How far a person's hips go, and how the pelvis helps when a hip comes to its end.

Limits are spread as those measured in adults, a little wider, so that stiff hips of 5 deg and loose
ones of 55 occur (Kouyoumdjian et al. 2012, doi:10.1016/j.otsr.2011.08.015: internal rotation 29.6
deg supine, 35.2 prone, 37.9 seated; Roaas and Andersson 1982, Acta Orthop Scand 53:205: flexion 120
+- 8, extension 9 +- 5). A hip does not stop at a wall: some degrees before its limit the pelvis
starts to turn with the thigh, a little at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray

__all__ = ["End", "Mover", "draw_mover", "pelvis_follows"]

_STYLES = (
    "tempo", "depth", "tilt", "lean", "knee", "twist", "list", "sway", "spine", "open", "closed",
    "wobble", "asymmetry",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class End:
    """The end of one hip's range in one direction, degrees.

    Parameters
    ----------
    limit_deg : float
        Where the hip stops.
    onset_deg : float
        So far before the limit the pelvis begins to go along.
    beyond_deg : float
        So far the pelvis has gone along when the movement ends.
    """

    limit_deg: float
    onset_deg: float
    beyond_deg: float


@dataclass(frozen=True, slots=True)
class Mover:
    """A person's hips and habits.

    Parameters
    ----------
    ends : mapping of side to mapping of direction to End
        ``internal``, ``external`` (hip bent), ``prone_internal``, ``prone_external`` (hip
        straight), ``flexion``, ``extension``.
    share : float
        Of further movement, what the pelvis takes when a hip is at its end.
    along : float
        Of any movement, what the pelvis takes from the beginning.
    laxity_deg : mapping of side to float
        So far the shank turns on the femur at the end of a passive hip rotation.
    style : mapping of str to float
        Standard normal values: how this person moves, against others.
    """

    ends: Mapping[Side, Mapping[str, End]]
    share: float
    along: float
    laxity_deg: Mapping[Side, float]
    style: Mapping[str, float]


# mean, spread between people, spread between a person's sides, least, most (deg)
_LIMITS = {
    "internal": (34.0, 10.0, 3.5, 5.0, 55.0),
    "external": (38.0, 8.0, 3.5, 12.0, 60.0),
    "flexion": (112.0, 9.0, 3.0, 85.0, 135.0),
    "extension": (12.0, 6.0, 2.5, 0.0, 25.0),
}
# before the limit, and beyond the onset: least and most (deg)
_ONSETS = {"flexion": (8.0, 20.0), "extension": (3.0, 8.0)}
_BEYOND = {"flexion": (10.0, 18.0), "extension": (6.0, 13.0)}
_PRONE_SPREAD_DEG = 3.0


def draw_mover(rng: np.random.Generator) -> Mover:
    """Draw a person's limits and habits.

    Parameters
    ----------
    rng : numpy.random.Generator
        The same state draws the same person.
    """
    ends: dict[Side, dict[str, End]] = {side: {} for side in SIDES}
    for direction, (mean, spread, between_sides, least, most) in _LIMITS.items():
        both = rng.normal(mean, spread)
        onset = rng.uniform(*_ONSETS.get(direction, (4.0, 11.0)))
        beyond = rng.uniform(*_BEYOND.get(direction, (7.0, 14.0)))
        for side in SIDES:
            limit = float(np.clip(both + rng.normal(0.0, between_sides), least, most))
            prone = float(np.clip(limit + rng.normal(0.0, _PRONE_SPREAD_DEG), least, most))
            nearness = float(np.clip(onset + rng.normal(0.0, 0.8), 2.0, None))
            further = float(beyond + rng.normal(0.0, 1.0))
            ends[side][direction] = End(limit, min(nearness, 0.6 * limit), further)
            if direction in ("internal", "external"):
                ends[side][f"prone_{direction}"] = End(prone, min(nearness, 0.6 * prone), further)
    return Mover(
        ends=ends,
        share=float(rng.uniform(0.55, 0.85)),
        along=float(rng.uniform(0.0, 0.05)),
        laxity_deg={side: float(rng.uniform(3.0, 8.0)) for side in SIDES},
        style={name: float(np.clip(rng.normal(), -2.2, 2.2)) for name in _STYLES},
    )


def pelvis_follows(
    drive_deg: FloatArray, onset_deg: FloatArray | float, mover: Mover, softness_deg: float = 2.0
) -> FloatArray:
    """Return how far the pelvis goes along with a limb, degrees; zero where the limb is at rest.

    Parameters
    ----------
    drive_deg : (n,) array, deg
        How far the limb was moved in the room.
    onset_deg : (n,) array or float, deg
        Where the pelvis begins to take its share.
    mover : Mover
    softness_deg : float
        Over what width it begins.
    """
    beyond = np.logaddexp(0.0, (drive_deg - onset_deg) / softness_deg)
    at_rest = np.logaddexp(0.0, -np.asarray(onset_deg) / softness_deg)
    return np.asarray(mover.along * drive_deg + mover.share * softness_deg * (beyond - at_rest))
