"""Dask: workers on this computer, or those of a cluster that runs already."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from imuhip.batch.places import first_line
from imuhip.batch.worker import Job, Outcome, work
from imuhip.errors import ConfigError

__all__ = ["Cluster", "connected", "missing_package"]

_AHEAD = 4
"""Sessions a worker has waiting: enough never to be idle, few enough to be forgotten."""
_DEATHS = 3
"""Workers a session may see die before it is given up."""
_CONNECT_S = 15.0


def missing_package() -> ConfigError | None:
    """Return what to say when a package that batches need is not installed."""
    try:
        import distributed
        import fsspec
        import psutil
        import pyarrow
    except ImportError as error:
        return ConfigError(
            f"imuhip batch needs packages that are not installed ({first_line(error)})",
            hint='pip install "imuhip[batch]"',
            code="E768",
        )
    del distributed, fsspec, psutil, pyarrow
    return None


@dataclass(frozen=True)
class Cluster:
    """Workers, connected.

    Parameters
    ----------
    client : distributed.Client
    dashboard : str
        URL of Dask's page about what its workers do.
    """

    client: Any
    dashboard: str

    @property
    def threads(self) -> int:
        """Return how many sessions are analysed at once."""
        return max(1, int(sum(self.client.nthreads().values())))

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield what became of each job, as they end.

        Few are submitted ahead, so that a hundred thousand need no memory here, and the others are
        forgotten when this ends early. A job whose worker dies is given to another one.
        """
        from distributed import as_completed

        waiting = iter(jobs)
        asked: dict[str, Job] = {}
        running = as_completed()

        def submit(job: Job) -> None:
            future = self.client.submit(work, job, pure=False)
            asked[future.key] = job
            running.add(future)

        try:
            for _, job in zip(range(_AHEAD * self.threads), waiting, strict=False):
                submit(job)
            for future in running:
                job = asked.pop(future.key)
                yield _outcome(future, job)
                future.release()
                with suppress(StopIteration):
                    submit(next(waiting))
        finally:
            left = [future for future in running.futures if not future.done()]
            with suppress(Exception):
                self.client.cancel(left)


def _outcome(future: Any, job: Job) -> Outcome:
    if future.status == "finished":
        outcome: Outcome = future.result()
        return outcome
    error = future.exception() if future.status == "error" else None
    died = type(error).__name__ == "KilledWorker"
    told = f"{_DEATHS + 1} workers died of it" if died else f"Dask gave it up: {error or 'lost'}"
    return replace(
        Outcome(job.source, "failed"),
        code="E766",
        message=f"{job.source.name}: {told:.300}",
        hint="start again: finished sessions are skipped; are the workers short of memory?",
    )


@contextmanager
def connected(scheduler: str | None, workers: int | None) -> Iterator[Cluster]:
    """Start workers here, or connect to a scheduler; ends what it started.

    Parameters
    ----------
    scheduler : str, optional
        Address such as ``tcp://10.0.0.1:8786``.
    workers : int, optional
        Processes on this computer, each with one session at a time; by default one per core.

    Raises
    ------
    ConfigError
        When the scheduler does not answer, or its workers have another imuhip or none.
    """
    import dask

    # A profile of every thread a hundred times a second is nothing that anybody reads here.
    quiet = {
        "distributed.worker.profile.enabled": False,
        "distributed.scheduler.allowed-failures": _DEATHS,
    }
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(quiet), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of a dashboard's port that is taken
        if scheduler is None:
            with _local(workers) as cluster:
                yield cluster
        else:
            with _remote(scheduler) as cluster:
                yield cluster


@contextmanager
def _local(workers: int | None) -> Iterator[Cluster]:
    import tempfile

    from distributed import Client, LocalCluster

    with (
        tempfile.TemporaryDirectory(prefix="imuhip-batch-", ignore_cleanup_errors=True) as folder,
        LocalCluster(
            n_workers=workers or os.cpu_count() or 1,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:8787",
            memory_limit=0,  # the process of each session is what is limited
            local_directory=folder,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield Cluster(client, str(client.dashboard_link))


@contextmanager
def _remote(scheduler: str) -> Iterator[Cluster]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=_CONNECT_S)
    except Exception as error:
        raise ConfigError(
            f"--scheduler {scheduler}: no answer: {first_line(error)}",
            hint="is the scheduler running, and its address such as tcp://10.0.0.1:8786?",
            code="E762",
        ) from error
    with client:
        _check_workers(client, scheduler)
        yield Cluster(client, str(client.dashboard_link))


def _installed_version() -> str:
    """Return the version of imuhip; runs on workers."""
    import imuhip

    return imuhip.__version__


def _check_workers(client: Any, scheduler: str) -> None:
    """Refuse workers whose results would be of another version.

    Raises
    ------
    ConfigError
    """
    import imuhip

    if not client.nthreads():
        raise ConfigError(
            f"--scheduler {scheduler}: it has no workers",
            hint="start some: dask worker ADDRESS --nthreads 1",
            code="E762",
        )
    try:
        versions = client.run(_installed_version)
    except Exception as error:
        raise ConfigError(
            f"--scheduler {scheduler}: a worker cannot import imuhip: {first_line(error)}",
            hint='install the same imuhip on every worker: pip install "imuhip[batch]"',
            code="E762",
        ) from error
    other = sorted({version for version in versions.values() if version != imuhip.__version__})
    if other:
        raise ConfigError(
            f"--scheduler {scheduler}: workers have imuhip {', '.join(other)}, here is"
            f" {imuhip.__version__}",
            hint="install the same version everywhere: results state it",
            code="E762",
        )
