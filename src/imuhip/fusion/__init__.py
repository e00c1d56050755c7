"""Orientation of each sensor from its own gyroscope and accelerometer.

Comes in: ``gyr`` (n, 3) rad/s, ``acc`` (n, 3) m/s², optional ``mag`` (n, 3) µT, sensor frame,
equally spaced and finite. Goes out: an `OrientationBlock` with ``q_WS`` (n, 4), world z up, heading
arbitrary without a magnetometer. Open `filters` first: the Protocol, and the choice by name.
"""
