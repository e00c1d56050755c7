"""MbientLab MetaMotion with a BMI160 (R, RL, C) or a BMI270 (S).

Comes in: notifications of one characteristic, module and register first. Goes out: samples in m/s²
and rad/s. A plain stream has neither number nor time, so the board is told to stamp every sample of
both streams with its own ticks. Open `registers` for modules, settings and frames, `ticks` for how
coarse stamps become times, `driver` for how the acquisition uses them. Verified against the
published protocol, not against hardware.
"""
