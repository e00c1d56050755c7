"""``python -m imuhip.batch.child BYTES``: analyses sessions that its worker names, one by one.

A line of JSON comes in on stdin for each session, and a line goes out on stdout. The process knows
no network and no credentials, may take `BYTES` of memory, and ends at once when its worker does. So
a file made to harm harms nobody else.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from contextlib import suppress
from typing import TextIO

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Answer until stdin ends."""
    _limit_memory(int(arguments[0]))
    # what libraries print must not look like an answer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, asked), daemon=True).start()
    from imuhip.batch.session import analyse_session

    while True:
        answer = analyse_session(json.loads(asked.get()))
        answers.write(json.dumps(answer, ensure_ascii=True) + "\n")
        answers.flush()


def _listen(lines: TextIO, asked: queue.SimpleQueue[str]) -> None:
    for line in lines:
        asked.put(line)
    os._exit(0)  # the worker is gone: nobody waits for what is being computed


def _limit_memory(n_bytes: int) -> None:
    """Let the system refuse more than `n_bytes`, where it can; the worker watches everywhere."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))


if __name__ == "__main__":
    main(sys.argv[1:])
