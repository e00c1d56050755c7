"""English strings of the window itself: its keys, settings and notices; see `wording`."""

from __future__ import annotations

from typing import Final

SETTINGS_TOO_LARGE: Final = "it is too large"
SETTINGS_NEWER: Final = (
    "The settings {path} are from a newer imuhip (version {version}; this one knows {known})"
)
SETTINGS_NEWER_HINT: Final = (
    "What is known of them is used, the file is left as it is. Changes hold until this window is"
    " closed; update imuhip to keep them."
)
SETTINGS_NOT_UNDERSTOOD: Final = "The settings {path} are not understood: {why}"
SETTINGS_NOT_UNDERSTOOD_HINT: Final = (
    "The rest is used, the file is left as it is. Correct or delete it; until then changes hold"
    " until this window is closed."
)
SETTINGS_NOT_KEPT: Final = "The settings could not be kept in {path}: {why}"
SETTINGS_NOT_KEPT_HINT: Final = "They hold until this window is closed."
NOTICE_READ: Final = "Understood (Ctrl+E)"
MORE_NOTICES: Final = "({n} more)"
RECORDED_TIME: Final = "Recorded time"
RECORDING: Final = "Recording"
PROGRESS: Final = "Progress of this step"
SAVED: Final = "Saved {path}"
A_BUG: Final = "please report this as a bug"
NEXT: Final = "Next"
RECORD_OR_STOP: Final = "Record or stop"
STAND_AGAIN: Final = "Stand again"
LEAVE_OUT: Final = "Leave out"
BACK_TO_THE_LIST: Final = "Back to the list"
SIDE_OF_PAIN: Final = "Side of pain"
PAIN_LEVEL: Final = "Pain {score}"
OTHER_NORMS: Final = "Other norms"
WRITE_REPORT: Final = "Write the report"
OPEN_REPORT: Final = "Open the report"
SENSORS_LEFT_ON: Final = "Sensors left on"
MARK_INSTANT: Final = "Mark this instant"
QUIT: Final = "Quit"
RANGE_DEG: Final = "{low} to {high}"
SPOKEN_ANGLE: Final = "{angle}: {value}, plus or minus {sd}"
NO_SENSOR: Final = "no sensor is connected"
NO_SENSOR_HINT: Final = "connect the sensors first (F2)"
LIGHT_OR_DARK: Final = "Light or dark"
LARGER: Final = "Larger text"
SMALLER: Final = "Smaller text"
SCROLL_DOWN: Final = "Further down"
SCROLL_UP: Final = "Further up"
STEP_NAME: Final = "{title}, key {key}"
STEP_NAME_HERE: Final = "{title}, key {key}, shown now"
