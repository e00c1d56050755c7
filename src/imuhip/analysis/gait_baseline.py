"""A person's gait against their own earlier one, and rotation used against rotation available."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from imuhip.core.segments import Side
from imuhip.errors import AnalysisError
from imuhip.gait.reserve import rotation_reserve

__all__ = ["against_baseline", "gait_rotation_reserve"]


def against_baseline(
    summary: Mapping[str, Any], baseline: Mapping[str, Any], gait: str = "walk"
) -> dict[str, Any]:
    """Return how the differences of the sides changed since another session of the same person.

    Everybody is a little one-sided; what matters is whether a person is more so than they were.

    Parameters
    ----------
    summary, baseline : mapping
        `imuhip.Analysis.summary` of now and of then.
    gait : {"walk", "run"}

    Returns
    -------
    dict
        By quantity: ``now``, ``then`` (left minus right), ``change``, its ``uncertainty`` (one
        sigma) and ``beyond_uncertainty``. What sensors strapped on anew add is not in it: see the
        retest limits of `imuhip compare`. ``cautions`` names what makes both hard to compare.

    Raises
    ------
    AnalysisError
        When one of both has too few strides of both legs.
    """
    sides = []
    for name, one in (("this session", summary), ("the baseline", baseline)):
        found = one.get("gait", {}).get(gait)
        if not found or "asymmetry" not in found:
            why = "; ".join((found or {}).get("missing", [])) or f"it has no {gait}"
            raise AnalysisError(
                f"the sides of {name} cannot be compared: {why}",
                hint="Compare sessions with 10 or more steady strides of each leg.",
                code="E613",
            )
        sides.append(found)
    now, then = sides
    record: dict[str, Any] = {"gait": gait, "cautions": _cautions(now, then), "changes": {}}
    for name in now["asymmetry"]:
        if name not in then["asymmetry"]:
            continue
        a, b = now["asymmetry"][name], then["asymmetry"][name]
        values = [a["left_minus_right"], b["left_minus_right"], a["uncertainty"], b["uncertainty"]]
        if any(value is None for value in values):
            continue
        change, uncertainty = values[0] - values[1], float(np.hypot(values[2], values[3]))
        record["changes"][name] = {
            "now": values[0],
            "then": values[1],
            "change": round(change, 4),
            "uncertainty": round(uncertainty, 4),
            "beyond_uncertainty": bool(abs(change) > 1.96 * uncertainty),
            "n": [*a["n"], *b["n"]],
        }
    return record


def _cautions(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    cadence = [one["cadence_steps_per_min"]["mean"] for one in (now, then)]
    if abs(cadence[0] - cadence[1]) > 0.05 * cadence[1]:
        return [f"cadence was {cadence[1]:.0f} and is {cadence[0]:.0f} steps/min: another speed"]
    return []


def gait_rotation_reserve(
    summary: Mapping[str, Any],
    side: Side,
    internal_deg: tuple[float, float],
    external_deg: tuple[float, float] | None = None,
    gait: str = "walk",
) -> dict[str, Any]:
    """Return how much of the available hip rotation gait uses, with the uncertainty of both.

    Parameters
    ----------
    summary : mapping
        `imuhip.Analysis.summary`.
    side : {"left", "right"}
    internal_deg : tuple of float
        True internal rotation of a test, and one sigma.
    external_deg : tuple of float, optional
        External rotation of the same test, and one sigma; then the range can be compared as well,
        which does not depend on where the session's zero is.
    gait : {"walk", "run"}

    Returns
    -------
    dict
        ``internal`` and, with `external_deg`, ``range``: see `imuhip.gait.reserve.Reserve`.

    Raises
    ------
    AnalysisError
        When there is no such gait of that leg.
    """
    own = summary.get("gait", {}).get(gait, {}).get("sides", {}).get(side)
    if own is None or not own.get("strides_used"):
        raise AnalysisError(
            f"no steady {gait} strides of the {side} leg",
            hint="Record 20 strides with a sensor on that thigh.",
            code="E614",
        )

    def used(name: str) -> tuple[float, float]:
        found = own.get(name, {})
        mean, uncertainty = found.get("mean"), found.get("uncertainty")
        return (
            np.nan if mean is None else float(mean),
            np.nan if uncertainty is None else float(uncertainty),
        )

    record = {
        "internal": rotation_reserve(*used("hip_rotation_max_deg"), *internal_deg).record(),
        "note": "a thigh sensor under-reads the bone's rotation, and the pose sets its zero",
    }
    if external_deg is not None:
        total = internal_deg[0] + external_deg[0]
        total_sd = float(np.hypot(internal_deg[1], external_deg[1]))
        ranged = rotation_reserve(*used("hip_rotation_range_deg"), total, total_sd)
        record["range"] = ranged.record()
    return record
