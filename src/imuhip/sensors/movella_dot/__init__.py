"""Movella (Xsens) DOT, as "Xsens DOT BLE Services Specifications", XD0506P revision F, has it.

Protocol-verified, not hardware-verified. Comes in: notifications of the measurement service. Goes
out: samples in m/s² and rad/s. Open `payloads` for the bytes, `driver` for how the acquisition uses
the sensor; ``docs/sensors/movella_dot.md`` says what was checked and what was not.
"""
