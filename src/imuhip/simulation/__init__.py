"""People and sensors that do not exist, with exact truth.

Comes in: an activity, a person, a seed. Goes out: a `Recording` that carries its own truth, or
virtual sensors on the virtual radio. Open `simulate` first.
"""
