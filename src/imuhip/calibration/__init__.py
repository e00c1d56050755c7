"""How the sensors sit on the body, found from a still pose and from gait; a sensor's own errors.

Comes in: the sensors' signals and orientations, where the person stood still and where they walked.
Goes out: ``q_SB``, the orientation of each body segment in its sensor, and how good it is. Any
mounting is allowed. Open `stillness` and `pose` for the pose, `gait_axis` for the movement,
`alignment` for what comes of both, `protocol` for what people are asked to do and the limits their
calibration is graded by (files of ``calibration/protocols/``).

Of one sensor handled alone on a bench `intrinsics` finds bias, scale and cross-axis factors, which
`intrinsics_file` keeps by serial number; `bench_rests` is the first step there.
"""
