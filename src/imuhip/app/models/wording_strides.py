"""English strings of the strides under review; see `wording`."""

from __future__ import annotations

from typing import Final

VIEW_TABLE: Final = "Results (V)"
VIEW_STRIDES: Final = "Strides (V)"
MEASURES: Final = {
    "hip_rotation_range": "Hip rotation, range",
    "hip_flexion_range": "Hip flexion, range",
    "hip_extension_peak": "Hip extension, peak",
    "hip_adduction_range": "Hip adduction, range",
    "pelvis_obliquity_range": "Pelvis obliquity, range",
    "pelvis_drop": "Pelvis drop of the other side",
    "pelvis_hike": "Pelvis hike in swing",
    "pelvis_rotation_range": "Pelvis rotation, range",
    "pelvis_tilt_mean": "Pelvis tilt, mean",
    "stride_time": "Stride time",
}
MEASURE_KEY: Final = "Other measure (G)"
EXCLUDE_KEY: Final = "Leave out (X)"
INCLUDE_KEY: Final = "Use again (U)"
WHOLE_KEY: Final = "Whole session (W)"
BACK: Final = "Brush back"
ON: Final = "Brush on"
WIDER: Final = "Wider brush"
NARROWER: Final = "Narrower brush"
OVERVIEW: Final = "{measure}{unit}"
LEGEND: Final = "● left   △ right   ✖ left out   brush: , and . move it, + and − change its width"
TREND: Final = "Over the minutes: {told}"
TREND_SLOPE: Final = "{side} {slope} a minute ({low} to {high})"
TREND_NONE: Final = "{side} no change told ({low} to {high} a minute)"
TREND_SHORT: Final = "a trend takes 5 minutes"
TREND_PARTED: Final = "a strap slipped or was put on anew; the report tells each part by itself"
LIST_NAME: Final = "Strides in the brush"
STRIDE: Final = "{mark} {at}  {side}  {value}"
STRIDE_OUT: Final = "{mark} {at}  {side}  {value}  {why}"
USED: Final = "●"
LEFT_OUT: Final = "✖"
COUNTS: Final = "{used} of {all} strides used; in the brush {left} left, {right} right"
N_STRIDES: Final = "{n} strides"
CYCLE_OF: Final = "mean ± sd of the strides in the brush; thick: the chosen stride"
REASON: Final = "Why? Choose or type, then Enter. Esc: no."
REASON_NAME: Final = "Reason for leaving strides out"
REASONS: Final = (
    "looked back or talked",
    "stumbled",
    "obstacle or door",
    "turned",
    "sensor moved",
    "pain stopped it",
)
CHOOSE_FIRST: Final = "Choose strides in the list first (Tab, then ↑ ↓; Shift chooses several)."
ONLY_BY_HAND: Final = "Only what was left out by hand can be used again."
NOTING: Final = "Noting it and measuring again …"
NOTED: Final = "{n} strides left out: {reason}. U uses them again."
TAKEN_BACK: Final = "{n} strides are used again."
STRIDES_KEYS: Final = "X leaves out, U uses again, G other measure, V the table."
TAGS: Final = "Tags: {tags}"
NO_TAGS: Final = "none"
TAG_KEY: Final = "Tag (Ctrl+T)"
TAG_HINT: Final = "Words to find this session by, then Enter. A tag it has is taken back. Esc: no."
TAG_NAME: Final = "Tag of the session"
TAG_CHOICES: Final = ("before", "after", "with pain", "treadmill", "outdoors", "new shoes")
