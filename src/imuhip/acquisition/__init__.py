"""From links to samples on one clock, every loss accounted for.

Comes in: a `Radio`, drivers and an assignment of sensors to segments. Goes out: a lossless path to
the session file and a lossy ring for the live view.

Open `engine` first, or `blocking` for the same without a loop (`record` is all of it in one call).
`worn_sensors` holds the sensors of a person, `assignment` finds them, `supervisor` is one sensor's
life, `stream` the way of its packets: `accounting` counts, `clock_mapping` gives time and
`connection_grid` says how surely, `ring` shows. `recording_run` is one recording, `recorder` its
writer thread, `status` what people see, `loop_thread` where it all runs. `tap_assignment` asks
for taps that tell sensors apart.

Threads: the loop's thread does everything but writing, the writer's thread owns the file, and any
thread may read `Engine.snapshot` and a `SampleRing`. A notification's callback stores its time and
its bytes; everything else happens in a task 40 times a second.
"""
