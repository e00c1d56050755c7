"""The words every other room speaks: rotations, segments, time series, markers, links.

Comes in: nothing of ours; numpy only, no input or output. Goes out: small frozen types and pure
functions. Open `series` for what a stretch of sensor data is, `quaternion` and `cardan` for the
rotation conventions, `segments` for the body, `link` for what a driver may ask of a radio.
"""
