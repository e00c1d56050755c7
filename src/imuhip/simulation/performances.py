"""Clinical tests and drills done by people who do not exist, with exact truth.

Comes in: the name of a test, a seed, faults with their sizes. Goes out: a `Performance`, which is a
recording, when its repetitions were, and what the test should have reported. How it is done is told
in `imuhip.simulation.performing`.
"""

from imuhip.simulation.performing.after_walk import perform_after_walk
from imuhip.simulation.performing.bones import Repetition
from imuhip.simulation.performing.perform import Performance, perform
from imuhip.simulation.performing.registry import CHANGES, FAULTS, TESTS

__all__ = [
    "CHANGES",
    "FAULTS",
    "TESTS",
    "Performance",
    "Repetition",
    "perform",
    "perform_after_walk",
]
