"""Movesense sensors by the GATT SensorData Protocol (GSP), version 1, document GD-77.

Protocol-verified, not hardware-verified. Comes in: notifications of the one data characteristic.
Goes out: samples in m/s², rad/s and µT. Open `packets` for the bytes, `pipe` for commands and
their replies, `driver` for how the acquisition uses the sensor; ``docs/sensors/movesense.md`` says
what was checked and what was not.
"""
