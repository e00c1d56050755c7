"""Kills real recordings: ``kill_child.py FILE=SECONDS ...``, each after so long a recording.

Every recording is ``imuhip record`` in a process of its own. They are forked from this one, which
has loaded what they need and invented the person who walks: that takes longer than most of the
recordings. Prints a line of JSON for each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import imuhip.acquisition.recording_run
import imuhip.cli.main
import imuhip.cli.recording_session
import imuhip.radio.virtual_air
import imuhip.simulation.kit as virtual


def record(path: str, said: int) -> None:
    """Be ``imuhip record``, telling what happens to the pipe `said`."""
    os.dup2(said, 2)
    sys.argv = ["imuhip", "record", "--radio", "sim", "--out", path]
    imuhip.cli.main.run()


def recorded_and_killed(path: str, recorded_s: float) -> dict[str, object]:
    heard, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(heard)
            record(path, said)
        finally:
            os._exit(1)
    os.close(said)
    with os.fdopen(heard) as lines:
        told = []
        for line in lines:
            told.append(line)
            if line.startswith("recording into"):
                break
        time.sleep(recorded_s)
        at_unix_s = time.time()
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise RuntimeError(f"it ended before it was killed: {''.join(told)}")
    return {"path": path, "recorded_s": recorded_s, "at_unix_s": at_unix_s}


def main() -> None:
    person = virtual.virtual_person()
    virtual.virtual_person = lambda: person
    for argument in sys.argv[1:]:
        path, _, recorded_s = argument.rpartition("=")
        print(json.dumps(recorded_and_killed(path, float(recorded_s))), flush=True)


if __name__ == "__main__":
    main()
