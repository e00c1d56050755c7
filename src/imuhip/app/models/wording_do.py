"""English strings of the step Do: tests, counts, pain; see `wording`."""

from __future__ import annotations

from typing import Final

COUNTED: Final = "repetitions"
COUNTED_BOTH: Final = "{directions}; {n} each"
RANGE: Final = "{angle}, range"
OVER: Final = "over {seconds} s"
SECONDS: Final = "seconds"
MINUTES: Final = "minutes"
WALK_WEARS: Final = "pelvis and one thigh at least"
WANTED: Final = "{wanted}, at least {least}"
NO_SENSOR_ON: Final = "No sensor on: {names}"
PUT_ONE_THERE: Final = "Put one there and connect it, or choose another test."
STAND: Final = "Stand still: {seconds} s"
MOVES: Final = "Moves: {names}"
GET_THERE: Final = "{title}: get there"
DONE: Final = "{title}: done"
PAIN_NOTED: Final = "Pain {score}, {side}, noted at {at}"
PAIN_SIDE_NOW: Final = "Pain is now told of: {side}"
