"""Assessment: what the tests and drills show, whether it changed, and what goes together.

Comes in: orientations of body segments during a test, with the pose they are counted from. Goes
out: repetitions, measures with their uncertainty, the norms beside them, and whether a retest
differs by more than the measurement does by itself. Nothing here says why.

Open `protocol` for what a test is, `repetitions` for where one begins and ends, `change` for when a
difference is real, `reliability` for how a clinic finds its own limits.
"""
