"""Batches on a local Dask cluster, watched: how fast, how much memory, and a worker killed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from imuhip.batch.run import Batch, Watch, run_batch

__all__ = ["Ran", "ran", "scheduler_tasks_per_s"]

_LOOK_S = 0.25
_WORKER = "spawn_main"
_CHILD = "imuhip.batch.child"


@dataclass(frozen=True)
class Ran:
    """What a batch took.

    Parameters
    ----------
    batch : Batch
    wall_s : float, s
        From the first to the last session's end; starting the workers left out.
    rate_per_s : float
        Sessions a second in that time.
    worker_bytes : int
        Most memory of one worker: its own process and that of the session it analyses.
    killed : int
        Workers that were killed on purpose.
    """

    batch: Batch
    wall_s: float
    rate_per_s: float
    worker_bytes: int
    killed: int


class _Memory:
    """Looks at the workers' memory while a batch runs."""

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            for worker in workers():
                try:
                    family = [worker, *worker.children(recursive=True)]
                    used = sum(one.memory_info().rss for one in family)
                except psutil.Error:
                    continue
                self.peak = max(self.peak, used)


def workers() -> list[psutil.Process]:
    """Return the processes of Dask workers that this one started."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            command = " ".join(one.cmdline())
        except psutil.Error:
            continue
        if _WORKER in command:
            found.append(one)
    return found


def ran(files: Sequence[Path], out: Path, n_workers: int, *, kill_at: int | None = None) -> Ran:
    """Run a batch; with `kill_at`, kill a worker when so many sessions are done."""
    ends_s: list[float] = []
    killed: list[int] = []

    def progress(batch: Batch) -> None:
        if batch.ended:
            ends_s.append(time.monotonic())
        if kill_at is not None and batch.done >= kill_at and not killed:
            victim = workers()[0]
            killed.append(victim.pid)
            victim.send_signal(signal.SIGKILL)

    with _Memory() as memory:
        batch = run_batch(
            [str(path) for path in files],
            str(out),
            workers=n_workers,
            watch=Watch(progress=progress),
        )
    # the first of each worker pays for imports: rates are counted from the end of those
    first = min(n_workers, len(ends_s) - 1)
    wall_s = ends_s[-1] - ends_s[first]
    rate = (len(ends_s) - 1 - first) / wall_s if wall_s > 0 else float("nan")
    return Ran(batch, wall_s, rate, memory.peak, len(killed))


def _nothing(number: int) -> int:
    return number


def scheduler_tasks_per_s(n_tasks: int = 3000) -> float:
    """Return how many tasks that do nothing the scheduler and two workers get through in a second.

    One session is one task: beyond so many sessions a second, more workers bring nothing.
    """
    from distributed import as_completed

    from imuhip.batch.cluster import connected

    with connected(None, 2) as cluster:
        client = cluster.client
        client.gather(client.map(_nothing, range(100), pure=False))
        begin_s = time.monotonic()
        waiting = iter(range(n_tasks))
        running = as_completed([client.submit(_nothing, next(waiting), pure=False)
                                for _ in range(64)])  # fmt: skip
        for future in running:
            future.release()
            number = next(waiting, None)
            if number is not None:
                running.add(client.submit(_nothing, number, pure=False))
        return n_tasks / (time.monotonic() - begin_s)
