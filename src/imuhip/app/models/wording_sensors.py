"""English strings of the step Sensors; see `wording`."""

from __future__ import annotations

from typing import Final

OPENING: Final = "Opening Bluetooth …"
MOMENT: Final = "Wait a moment."
LOOKING: Final = "Looking for sensors: {n} heard"
LOOKING_HINT: Final = "Switch on all of them and bring them near. Esc ends it."
CONNECTING: Final = "Connecting {names}"
CONNECTING_HINT: Final = "{done} of {wanted} stream. Esc gives up."
BLINKING: Final = "{name} is told to blink"
BLINKED: Final = "{name} was told to blink: look for its light."
NO_BENCH: Final = "The sensors of this window were chosen before it opened"

KIT: Final = "Connect the sensors used last: {names}"
KIT_HINT: Final = "Space connects. A looks for others, 1 to 6 say what is worn, V: virtual ones."
FIND: Final = "Look for the sensors"
FIND_HINT: Final = "Space looks for {names}. 1 to 6 say what is worn, V takes virtual sensors."
FEW: Final = "{n} sensors heard, {wanted} wanted: {names}"
FEW_HINT: Final = "Switch on the others; Space looks again. 1 to 6 say what is worn."
TELL: Final = "{n} sensors heard: which is worn where?"
TELL_HINT: Final = (
    "Space: tap each as asked. Or choose one with ↑ ↓, say it with ← →; B: it blinks."
)
TOO_MANY: Final = "{n} sensors heard, at most {most} can be told apart by taps"
TOO_MANY_HINT: Final = "Switch off those of others, or choose yours with ↑ ↓ and ← →."
PLANNED: Final = "Connect {names}"
PLANNED_HINT: Final = "Space connects."
MISSING: Final = "Not connected: {names}"
MISSING_HINT: Final = (
    "Switch it on, bring it near; Space tries again. Not worn: 1 to 6 leave it out."
)
STREAMING: Final = "All {n} sensors stream"
STREAMING_HINT: Final = "Space goes on. A looks again, T tells them apart by taps."
NEEDS_MORE: Final = "Hip angles need the pelvis and a thigh; Space goes on without."
AGAIN_HINT: Final = "Space tries again. V takes virtual sensors."
IN_RECORDING: Final = "Sensors cannot be changed while it records"
IN_RECORDING_HINT: Final = "Stop the recording first (Ctrl+R)."

TAP_SETTLE: Final = "Leave all sensors still"
TAP_SETTLE_HINT: Final = "So that a tap stands out."
TAP: Final = "Tap the sensor twice: {segment}"
TAP_HINT: Final = "With a fingernail, on the case; the others lie apart. Esc stops."
TAP_SIMULATED: Final = "It is tapped by the simulation."
TAP_ANSWERS: Final = {
    "assigned": "Felt by {first}: {segment}.",
    "taken": "Felt by {first}, which is another segment's already; tap the other one.",
    "single": "One knock felt by {first}; tap it twice, half a second apart at most.",
    "shared": "Felt by several ({names}); tap the sensor itself, the others apart.",
    "unheard": "Felt by {first}, but {rest} was silent just then; once more.",
    "timeout": "No double tap so far; something was felt by {names}.",
    "nothing": "Nothing was felt so far.",
}

SIGNALS: Final = {"strong": "strong", "fair": "fair", "weak": "weak"}
SIGNAL: Final = "{dbm} dBm {word}"
HEARD_AGO: Final = "not heard for {seconds:.0f} s"
NOT_WORN: Final = "not worn"
IN_REACH: Final = "Sensors in reach (↑ ↓)"
NONE_IN_REACH: Final = "None heard yet"
IN_REACH_LINE: Final = "{symbol} {where}:  {name}  ·  {model}  ·  {signal}"
NOT_KNOWN_MODELS: Final = "and {n} other Bluetooth devices"
BODY: Final = "Where sensors are worn"
FRONT: Final = "seen from the front: left on the right"
SEGMENT_KEYS: Final = "Sensor worn or not: {segment}"
VIRTUAL_PLATE: Final = "SIMULATED: these sensors are virtual, nobody is being measured."

LOOK: Final = "Look (A)"
BLINK: Final = "Blink (B)"
TAPS: Final = "Tap (T)"
VIRTUAL: Final = "Virtual sensors (V)"
REAL: Final = "Real sensors (V)"
WEAR: Final = "Worn elsewhere"
STOP: Final = "Stop"
STOP_KEY: Final = "Stop (Esc)"
