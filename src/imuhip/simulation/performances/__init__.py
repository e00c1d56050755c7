"""Clinical tests and drills done by people who do not exist, with exact truth.

Comes in: the name of a test, a seed, faults with their sizes. Goes out: a `Performance`, which is a
recording, when its repetitions were, and what the test should have reported. Open `perform` first.
"""

from imuhip.simulation.performances.bones import Repetition
from imuhip.simulation.performances.perform import Performance, perform
from imuhip.simulation.performances.registry import CHANGES, FAULTS, TESTS

__all__ = ["CHANGES", "FAULTS", "TESTS", "Performance", "Repetition", "perform"]
