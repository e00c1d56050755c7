"""Walking and running in a few lines, for ``imuhip analyze``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imuhip.cli.output import say

__all__ = ["print_gait"]

_VERBS = {"walk": "walking", "run": "running"}

_LEG_LINES = (
    ("stance", "stance_time_s", " s", 3),
    ("hip extension, late stance", "hip_extension_peak_deg", "°", 1),
    ("pelvis tilt then", "pelvis_tilt_at_extension_peak_deg", "°", 1),
    ("pelvis drop", "pelvis_drop_deg", "°", 1),
    ("pelvis hike", "pelvis_hike_deg", "°", 1),
)

_SIDES = (
    ("step time", "step_time_s", 1e3, " ms"),
    ("stance time", "stance_time_s", 1e3, " ms"),
    ("hip extension", "hip_extension_peak_deg", 1.0, "°"),
    ("hip rotation range", "hip_rotation_range_deg", 1.0, "°"),
    ("pelvis drop", "pelvis_drop_deg", 1.0, "°"),
)


def print_gait(gait: Mapping[str, Any]) -> None:
    """Print what was done and, of each gait, times, sides and trend; ± is one sigma of the mean."""
    seconds = gait["activity_s"]
    say("activity: " + ", ".join(f"{kind} {seconds[kind]:.0f} s" for kind in seconds))
    for why in gait.get("missing", []):
        say(f"  - {why}")
    for name, verb in _VERBS.items():
        if name in gait:
            _print_one(verb, gait[name])


def _print_one(verb: str, found: Mapping[str, Any]) -> None:
    say(
        f"{verb}: {found['strides_used']} of {found['strides_found']} strides used,"
        f" cadence {_mean(found['cadence_steps_per_min'], ' steps/min', 1)}"
        " (± one sigma of the mean)"
    )
    for name in ("double_support_s", "flight_s"):
        if name in found and found[name]["n"]:
            say(f"  {name[:-2].replace('_', ' ')}: {_mean(found[name], ' s a stride', 3)}")
    for side, leg in found["sides"].items():
        parts = [
            f"{title} {_mean(leg[key], unit, digits)}"
            for title, key, unit, digits in _LEG_LINES
            if leg[key]["n"]
        ]
        scatter = leg.get("stride_time_variability")
        if scatter is not None:
            low, high = scatter["cv_interval_percent"]
            parts.append(f"stride time CV {scatter['cv_percent']:.1f} % ({low:.1f} to {high:.1f})")
        say(f"  {side}: " + ("; ".join(parts) or "no stride to report"))
    _print_sides(found.get("asymmetry", {}))
    _print_trend(found.get("trend", {}))
    for why in found["missing"]:
        say(f"  - {why}")


def _print_sides(asymmetry: Mapping[str, Any]) -> None:
    told = []
    for title, key, scale, unit in _SIDES:
        one = asymmetry.get(key)
        if one is not None and one["beyond_uncertainty"] is not None:
            mark = "" if one["beyond_uncertainty"] else " (within uncertainty)"
            value, spread = scale * one["left_minus_right"], scale * one["uncertainty"]
            told.append(f"{title} {value:+.1f} ± {spread:.1f}{unit}{mark}")
    if told:
        say("  left minus right: " + "; ".join(told))


def _print_trend(trend: Mapping[str, Any]) -> None:
    if "missing" in trend:
        return  # a short session is no fault
    for name, one in trend.items():
        shown = name.replace("_", " ")
        if "refused" in one:
            say(f"  trend of {shown} refused: {one['refused']}")
        elif one["drifts"]:
            low, high = one["slope_interval_per_min"]
            slope = f"{one['slope_per_min']:+.3g} a minute ({low:.3g} to {high:.3g})"
            say(f"  {shown} drifts by {slope}")
        if one.get("change_at_min") is not None:
            say(f"  {shown} changes by {one['change']:+.3g} at {one['change_at_min']:.0f} min")


def _mean(found: Mapping[str, Any], unit: str, digits: int) -> str:
    if found["mean"] is None:
        return "-"
    spread = "" if found["uncertainty"] is None else f" ± {found['uncertainty']:.{digits}f}"
    return f"{found['mean']:.{digits}f}{spread}{unit}"
