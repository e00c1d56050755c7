"""People and sensors that do not exist, with exact truth.

Comes in: an activity, a person, a seed. Goes out: a `Recording` that carries its own truth, or
virtual sensors on the virtual radio. Open `simulate` first: its header names the rooms a session
walks through. `bench_calibration` is a sensor calibrated by hand instead. For motion of your own,
make a `SegmentMotion` and hand it to `ideal_imu.ideal_imu`.
"""
