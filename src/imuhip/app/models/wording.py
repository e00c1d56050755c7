"""Every English string a person reads in the window: here, and in the modules ``wording_*``.

Another language takes the place of these constants when the window opens, so they are looked up as
``wording.NAME`` where they are used, never copied at import. A string with gaps names them in
braces and is filled by ``str.format``. No view or model holds a text of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from imuhip.app.models import wording_cards
from imuhip.app.models.wording_texts import said

__all__ = [
    "ANGLE_ENDS",
    "ANGLE_NAMES",
    "GRADE_SYMBOLS",
    "PANEL_TITLES",
    "SEGMENT_NAMES",
    "STATE_NEXT_STEPS",
    "STATE_WORDS",
    "age",
    "amount",
    "degrees",
    "duration",
    "number",
    "segments",
    "sided",
    "spread",
    "words",
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
    "closed": "F2, then Space, connects it again.",
    "missing": "Switch it on and bring it near; F2, then Space, connects it.",
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


# -- the steps beside the live view ----------------------------------------------------------------

STEP_TITLES: Final = {
    "person": "Person",
    "sensors": "Sensors",
    "calibrate": "Calibrate",
    "do": "Do",
    "review": "Review",
    "retest": "Retest",
    "live": "Live",
}
STEP_KEYS: Final = {
    "person": "F1",
    "sensors": "F2",
    "calibrate": "F3",
    "do": "F4",
    "review": "F5",
    "retest": "F6",
    "live": "F7",
}
STEPS_NAME: Final = "Steps of the session"

WALK_TITLE: Final = "Walk or run"
WALK_CUE: Final = "Walk or run straight ahead, a minute if there is room; turn where you must."
GET_READY: Final = "Get ready."
SIDE_NAMES: Final = {"left": "left", "right": "right", None: "no side"}
POSITION_NAMES: Final = {
    "standing": "standing",
    "seated": "seated",
    "prone": "lying face down",
    "supine_90": "on the back, hip and knee at right angles",
    "supine_straight": "on the back, legs straight",
    "floor": "sitting on the floor",
}
UNITS: Final = {"deg": "°", "1": "", "s": " s", "%": " %", "deg/s": " °/s"}
N_POSE_CUE: Final = "Stand still and upright, feet forwards and a hand apart, arms hanging."
DIRECTION_NAMES: Final = {"internal": "internal", "external": "external"}
CHOOSE_DETAIL: Final = "Space begins. ↑ ↓ choose the test, L and R the side."
CHOOSE_DETAIL_SIDELESS: Final = "Space begins. ↑ ↓ choose the test."
WILL_RECORD: Final = "A recording begins with it."
GO_DETAIL: Final = "Space when the person is there."
DO_DETAIL: Final = "Space ends it."
STAND_DETAIL: Final = "Everything is measured from this pose."
DONE_DETAIL: Final = "Space goes on to the next."
ALL_STILL: Final = "All sensors are still."
PAIN_NEEDS_RECORDING: Final = "Pain is noted in a recording; begin a test first."
WAITING_FOR_RESULT: Final = "Measuring …"
NO_REPETITION_YET: Final = "no repetition yet"
NOT_MEASURED: Final = "not measured"
TESTS_NAME: Final = "Tests and drills"
SIDE_LEFT: Final = "Left (L)"
SIDE_RIGHT: Final = "Right (R)"
FEEL: Final = "To feel"
AVOID: Final = "To avoid"
WEARS: Final = "Sensors on"
POSITION: Final = "Position"
REPETITIONS: Final = "Repetitions"
CUES: Final = "To say"
PAIN_HINT: Final = "keys 0–9, T is ten"


def words(name: str) -> str:
    """Return a name of the analysis as words."""
    text = name.replace("_", " ")
    return said(text[:1].upper() + text[1:])


def sided(title: str, side: str | None) -> str:
    """Return a title with its side, if it has one."""
    return f"{title}, {SIDE_NAMES.get(side, side)}" if side else title


def segments(names: Iterable[str]) -> str:
    """Return segments as a list in words."""
    return ", ".join(wording_cards.IN_TEXT.get(name, name) for name in names)


def amount(value: float, unit: str, *, fine: bool = False) -> str:
    """Return a value with its unit, in as many digits as mean something; `fine` for tables."""
    if not math.isfinite(value):
        return UNKNOWN
    digits = 2 if unit in ("1", "s") else int(fine)
    text = f"{abs(value):.{digits}f}"
    sign = "−" if value < 0 and float(text) != 0.0 else ""
    return sign + text + UNITS[unit]


def spread(sd: float, unit: str, *, fine: bool = False) -> str:
    """Return one standard deviation behind its sign; a question mark where nobody knows it."""
    if not math.isfinite(sd):
        return "± ?"
    least = 0.01 if unit in ("1", "s") else 0.1 if fine else 1.0
    if sd < 0.5 * least:
        return f"± <{least:g}{UNITS[unit]}"
    return f"± {amount(sd, unit, fine=fine)}"


PRIMARY_KEYS: Final = {
    "choosing": "Begin",
    "starting": "Waiting …",
    "standing": "Stand still …",
    "going": "Start now",
    "doing": "End",
    "done": "Next",
}
SPACE: Final = "Space"
STAND_AGAIN: Final = "Stand again (C)"
LEAVE: Final = "Leave out (Esc)"
CHOOSE_OTHER: Final = "Other test (Esc)"
PAIN: Final = "Pain"
PAIN_SIDE_KEY: Final = "P"

NO_TEST: Final = "no test was going on"
STANDINGS: Final = {
    "within": "● within",
    "limited": "▼ limited",
    "between": "◆ between",
    "beyond": "▲ beyond",
    "undecided": "? undecided",
    "no limits": "no limits",
}
"""Where a value stands beside a norm: by shape and word."""
BELOW: Final = "▼ below"
VERDICTS: Final = {
    "changed": "▲ changed",
    "no detectable change": "= no detectable change",
    "no limit known": "? no limit known",
    "not comparable": "– not comparable",
}
STRAPPINGS: Final = {
    "same": "Sensors left on",
    "again": "Sensors put on anew",
}
REVIEW_COLUMNS: Final = ("Measure", "Value", "n", "Norm", "Note")
RETEST_COLUMNS: Final = ("Measure", "Before", "After", "Change", "Limit", "Verdict")
REVIEW_RECORDING: Final = "The recording is still running"
REVIEW_STOP: Final = "Space stops it and reads it."
REVIEW_READING: Final = "Reading and measuring …"
REVIEW_NOTHING: Final = "Nothing was recorded yet"
REVIEW_NOTHING_HINT: Final = "Do a test or a walk first (F4)."
REVIEW_READY: Final = "Results"
REVIEW_KEYS: Final = "N: other norms. Ctrl+P: report page. F6: before and after."
REVIEW_KEYS_NO_REPORT: Final = "N: other norms. F6: before and after."
REPORT_WRITING: Final = "Writing the report …"
REPORT_WRITTEN: Final = "The report is written"
MOMENT: Final = "Wait a moment."
NORMS_OF: Final = {"clinic": "Clinic norms (N)", "measured": "Measured norms (N)"}
REPORT: Final = "Report (Ctrl+P)"
OPEN_REPORT: Final = "Open it (Ctrl+O)"
RETEST_NOTHING: Final = "There is nothing earlier to compare with"
RETEST_NOTHING_HINT: Final = "Do the same test twice, or put the earlier file in the same folder."
RETEST_NO_COMMON: Final = "The two have no measure in common"
RETEST_NO_COMMON_HINT: Final = "Choose another one with ↑ ↓."
RETEST_TITLE: Final = "Before and after"
RETEST_KEYS: Final = "(S changes it). ↑ ↓ choose the earlier one."
OTHER_PERSON: Final = "Is this the same person"
EARLIER_NAME: Final = "Earlier performances"
STRAPPING_KEY: Final = "Sensors left on / put on anew (S)"
