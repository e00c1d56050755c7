"""Polar Verity Sense over the Polar Measurement Data (PMD) service.

Comes in: delta-compressed frames of acceleration, angular rate and, when asked for, the magnetic
field, each a stream of its own, and replies of the control point. Goes out: samples with all of
them at the same instants. Open `profile` for the identifiers, `settings` for the control point,
`frames` for the bytes, `frame_clock` and `imuhip.sensors.joining` for how three streams become one,
`driver` for how the acquisition uses them. Verified against the published protocol, not against
hardware.
"""
