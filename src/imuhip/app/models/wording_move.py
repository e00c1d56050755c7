"""English strings of the movement view: strides, figure, feedback and tones; see `wording`."""

from __future__ import annotations

from typing import Final

VIEWS: Final = {"numbers": "Numbers", "movement": "Movement", "limit": "Limit alone"}
VIEW_ACTION: Final = "Other view"
VIEW_KEY: Final = "{view} (V)"
CYCLE_TITLES: Final = {
    "hip_flexion": "Hip flexion",
    "hip_rotation": "Hip rotation",
    "hip_adduction": "Hip adduction",
    "pelvis_tilt": "Pelvis tilt",
    "pelvis_obliquity": "Pelvis obliquity",
    "pelvis_rotation": "Pelvis rotation",
}
CYCLE_AXIS: Final = "0 to 100 % of the stride"
OWN_BAND_NONE: Final = "no own band yet: 5 steady strides of each leg"
OWN_BAND_HERE: Final = "band: own mean ± sd, {left} left and {right} right strides of this session"
OWN_BAND_EARLIER: Final = "band: own mean ± sd of {file}, {left} left and {right} right strides"
OWN_BAND_LOOKING: Final = "looking for an earlier session"
SPREAD_BAND: Final = "band: one standard deviation of what is not certain"
TOO_UNCERTAIN: Final = "too uncertain"
FIGURE_TITLE: Final = "Posture"
FIGURE_BEHIND: Final = "from behind"
FIGURE_RIGHT: Final = "from the right"
FIGURE_UNKNOWN: Final = "not known yet: stand still, then walk"
FIGURE_NOTE: Final = "grey: not measured"
FIGURE_LEGEND: Final = "Right dashed"
FEEDBACK_TITLE: Final = "Limit"
FEEDBACK_NAME: Final = "Limit of {angle}: {sense} {limit}. {state}"
FEEDBACK_SENSES: Final = {
    "within": "within ±",
    "below": "below",
    "above": "reach",
}
FEEDBACK_LESS: Final = "Lower the limit"
FEEDBACK_MORE: Final = "Raise the limit"
FEEDBACK_STATES: Final = {
    "good": "● good",
    "beyond": "▲ too far",
    "short": "▼ not there yet",
    "unknown": "– not known",
    "uncertain": "– too uncertain",
}
FEEDBACK_ANGLE_KEY: Final = "Angle (A)"
FEEDBACK_SENSE_KEY: Final = "Kind (B)"
FEEDBACK_LESS_KEY: Final = "−"
FEEDBACK_MORE_KEY: Final = "+"
FEEDBACK_ANGLES: Final = {
    "pelvis_obliquity": "Pelvis list",
    "pelvis_rotation": "Pelvis twist",
    "pelvis_tilt": "Pelvis tilt",
    "hip_rotation_left": "Hip rotation, left",
    "hip_rotation_right": "Hip rotation, right",
    "hip_flexion_left": "Hip flexion, left",
    "hip_flexion_right": "Hip flexion, right",
    "hip_adduction_left": "Hip adduction, left",
    "hip_adduction_right": "Hip adduction, right",
}
TONE_ON: Final = "Tone on (Z)"
TONE_OFF: Final = "Tone off (Z)"
TONE_OPENING: Final = "Sound is being switched on …"
TONE_NONE: Final = "No sound here: {why}"
TONE_NO_DEVICE: Final = "this computer has no sound device that can be used ({why})"
TONE_NOT_INSTALLED: Final = 'install it with: pip install "imuhip[app]"'
EARLIER_NOT_READ: Final = "The earlier session could not be read: {why}"
