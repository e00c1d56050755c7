"""From links to samples on one clock, every loss accounted for.

Comes in: a `Radio`, drivers and an assignment of sensors to segments. Goes out: a lossless path to
the session file and a lossy ring for the live view. Open `engine` first; `supervisor` is one
sensor's life, `accounting` its losses, `clock_mapping` its time, `loop_thread` where it all runs.
"""
