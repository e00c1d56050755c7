"""Every English string a person reads in the window, in one place."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ANGLE_ENDS",
    "ANGLE_NAMES",
    "GRADE_SYMBOLS",
    "PANEL_TITLES",
    "SEGMENT_NAMES",
    "STATE_NEXT_STEPS",
    "STATE_WORDS",
    "age",
    "degrees",
    "duration",
    "number",
]

SEGMENT_NAMES: Final = {
    "pelvis": "Pelvis",
    "thigh_left": "Left thigh",
    "thigh_right": "Right thigh",
    "shank_left": "Left shank",
    "shank_right": "Right shank",
    "trunk": "Trunk",
}

PANEL_TITLES: Final = {
    "hip_rotation": "Hip rotation",
    "hip_flexion": "Hip flexion",
    "hip_adduction": "Hip adduction",
    "pelvis": "Pelvis",
}

ANGLE_NAMES: Final = {
    "left": "Left",
    "right": "Right",
    "pelvis_tilt": "Tilt",
    "pelvis_obliquity": "Obliquity",
    "pelvis_rotation": "Rotation",
}

ANGLE_ENDS: Final = {
    "hip_rotation": ("internal", "external"),
    "hip_flexion": ("flexion", "extension"),
    "hip_adduction": ("adduction", "abduction"),
    "pelvis": ("", ""),
    "pelvis_tilt": ("anterior", "posterior"),
    "pelvis_obliquity": ("right side up", "left side up"),
    "pelvis_rotation": ("right forward", "left forward"),
}
"""What positive and negative mean."""

GRADE_SYMBOLS: Final = {"good": "●", "warn": "▲", "bad": "✖"}

STATE_WORDS: Final = {
    "idle": "not connected",
    "connecting": "connecting",
    "configuring": "setting up",
    "starting": "starting",
    "streaming": "streaming",
    "silent": "no packets",
    "lost": "connection lost",
    "waiting": "searching again",
    "refused": "another sensor",
    "closed": "switched off",
    "missing": "not connected",
}

STATE_NEXT_STEPS: Final = {
    "idle": "Switch it on and bring it near.",
    "connecting": "Wait a moment.",
    "configuring": "Wait a moment.",
    "starting": "Wait a moment.",
    "silent": "Bring it nearer; if that fails, switch it off and on.",
    "lost": "Bring it nearer; it reconnects by itself.",
    "waiting": "Bring it nearer, or switch it off and on.",
    "refused": "Another sensor is in its place, or its bond is gone: switch on the right one.",
    "closed": "Start the session again to use it.",
    "missing": "Switch it on, then start the session again.",
}

NO_SENSORS: Final = (
    "Connect the sensors",
    "Switch on the pelvis sensor and at least one thigh sensor.",
)
NOT_ENOUGH: Final = (
    "Angles need the pelvis and one thigh",
    "Samples are received and can be recorded; hip angles cannot be shown.",
)
STAND_STILL: Final = "So that every sensor learns which way is up."
WALK: Final = "Straight ahead, at your own speed."
IMPROVING: Final = "Angles get better for a minute of walking."
MOUNTING: Final = "Sensors"
MEASURING: Final = "Calibration is complete."
PRESS_RECORD: Final = "Press Space to record."
PRESS_STOP: Final = "Space stops, M marks this instant."
NOTHING_RECORDED: Final = "Not recording"
STARTING: Final = "Waiting for all sensors …"
STOPPING: Final = "Finishing the file …"
RECORD: Final = "Record"
STOP: Final = "Stop"
MARK: Final = "Mark"
SIMULATED: Final = "SIMULATED"
SIMULATED_HINT: Final = "These sensors are virtual: nobody is being measured."
UNKNOWN: Final = "–"
NOT_KNOWN: Final = "not known"
ANGLE_AXIS: Final = "degrees"
TIME_AXIS: Final = "seconds before now"


def degrees(value_deg: float) -> str:
    """Return whole degrees with a true minus sign: more digits than can be trusted mislead."""
    whole = round(value_deg)
    return f"−{-whole}°" if whole < 0 else f"{whole}°"


def number(value: float) -> str:
    """Return a whole number with a true minus sign."""
    return degrees(value).removesuffix("°")


def age(seconds: float) -> str:
    """Return how long ago or for how long, in the unit that fits."""
    if seconds < 1.0:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 60 else f"{duration(seconds)} min"


def duration(seconds: float) -> str:
    """Return minutes and seconds, with hours when there are any."""
    whole = int(max(0.0, seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
