"""English strings of the sensors' cards and of what they urge; see `wording`."""

from __future__ import annotations

from typing import Final

FIGURES: Final = "battery {battery}  ·  signal {signal}  ·  {rate}  ·  lost {loss}  ·  {age} ago"
SPOKEN: Final = (
    "{title}: {state}, battery {battery}, signal {signal}, {rate}, lost {loss}, last packet {age}."
)
FOR_SO_LONG: Final = "{state} for {age}"
TOO_SLOW: Final = "This computer is too slow: close other programs."
SAMPLES_LOST: Final = "{n} samples lost: bring sensor and computer nearer."
CHARGE: Final = "Charge it after this session."
OFF_RATE: Final = "It should send {rate} Hz: bring it nearer."
TWO_SENSORS: Final = "{first} and {second}"
MORE_SENSORS: Final = "{first}, {second} and {n} more"
WRONG: Final = "{names}: {state}"
IN_TEXT: Final = {
    "pelvis": "pelvis",
    "thigh_left": "left thigh",
    "thigh_right": "right thigh",
    "shank_left": "left shank",
    "shank_right": "right shank",
    "trunk": "trunk",
}
"""Segments within a sentence."""
STRIP: Final = "Sensors"
