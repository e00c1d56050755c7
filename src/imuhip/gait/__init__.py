"""Gait: when the person walks or runs, when feet meet and leave the ground, what each stride did.

Comes in: accelerations and angular rates of the sensors, then hip and pelvis angles. Goes out:
what each second was, strides with contacts, 101-point cycles, and numbers with their uncertainty.
Open `activity` for when there is gait and `seconds` for what else there is; `strides` for where
strides are cut, `contacts` and `toe_off` for the feet, `leg_events` for both legs together;
`cycles` and `stride_posture` for curves and instants; `estimates`, `trend`, `reserve` and `bands`
for what is made of them.
"""
