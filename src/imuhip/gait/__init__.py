"""Gait: when the person walks or runs, where strides begin and end, what each stride did.

Comes in: angular rates of the sensors, then hip and pelvis angles. Goes out: activity, strides,
and 101-point cycles. Open `activity` for when, `strides` for where strides are cut, `cycles` for
curves.
"""
