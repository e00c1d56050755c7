"""English strings of the step Calibrate; see `wording`."""

from __future__ import annotations

from typing import Final

PROTOCOLS: Final = "Protocols"
PROTOCOL_LINE: Final = "{title}  ({seconds:.0f} s)"
PROTOCOL_BROKEN: Final = "✖ {name}: cannot be used"
CHOOSE: Final = "Calibrate: {title}"
CHOOSE_HINT: Final = "Space begins. ↑ ↓ choose another protocol."
WILL_RECORD: Final = "A recording begins with it."
NO_SENSORS: Final = "No sensor on: {names}"
NO_SENSORS_HINT: Final = "Hip angles need the pelvis and a thigh. F2 connects sensors."
BROKEN: Final = "This protocol cannot be used"
STARTING: Final = "Waiting for all sensors …"
READY: Final = "Get ready: {seconds:.0f}"
READY_HINT: Final = "Esc stops."
STAND: Final = "Stand still: {seconds:.0f} s"
STAND_HINT: Final = "All is measured from this pose. A sensor that moves begins it again."
MOVE: Final = "{title}: {seconds:.0f} s"
MOVE_HINT: Final = "Space when it is done. C begins anew, Esc stops."
WALK_HINT: Final = "After {seconds:.0f} s the straps are checked. Space ends it, C begins anew."
WALK_CHECKED_HINT: Final = "The straps are checked. Space ends it, C begins anew, Esc stops."
JUDGING: Final = "Judging …"
MOMENT: Final = "Wait a moment."
DONE: Final = "Calibration: grade {grade}"
DONE_HINT: Final = "Space goes on. C does it again."
DONE_BAD: Final = "Look at the straps: {check}"
DONE_BAD_HINT: Final = "{text}. Then C does it again; F2 changes which sensor is worn where."
FAILED_HINT: Final = "{hint} C does it again."
STOPPED: Final = "The recording ended before the calibration did; Space begins anew."
GAVE_UP: Final = "Stopped. Space begins anew."

STEP_TITLES: Final = {
    "n_pose": "Stand still",
    "gait": "Walk or run",
    "squat": "Squats",
    "hinge": "Bows",
    "leg_swing": "Leg swings",
}
STEP_LINE: Final = "{sign} {title}"
SECONDS: Final = "seconds"
STILL_BAR: Final = "{segment}: still"
MOVES_BAR: Final = "{segment}: moves"
SILENT_BAR: Final = "{segment}: no samples"
POSE_GRADE: Final = "Standing pose: grade {grade}"
CHECKS: Final = {
    "segments": "Each sensor on its segment",
    "sides": "Left and right",
    "straps": "Straps",
    "way_up": "Way up",
}
NOT_YET: Final = "not yet"
CHECK_LINE: Final = "{symbol} {check}: {text}"
SYMBOLS: Final = {"good": "●", "warn": "▲", "bad": "✖", "unknown": "○"}
GRADES: Final = {
    "A": "nothing to complain of",
    "B": "good enough; better is possible",
    "C": "doubtful: do it again if you can",
    "D": "not usable: do it again",
}
BEGIN: Final = "Begin  (Space)"
NEXT: Final = "Done  (Space)"
GO_ON: Final = "Go on  (Space)"
AGAIN: Final = "Again (C)"
STOP: Final = "Stop (Esc)"
