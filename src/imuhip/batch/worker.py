"""What a Dask worker does with one session: fetch, check whether it is done, analyse, publish."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal

from imuhip.batch.places import Source, fetch
from imuhip.batch.store import Store
from imuhip.errors import ImuhipError, RecordingError
from imuhip.recording.digest import file_digest

__all__ = ["Job", "Outcome", "work"]

LARGEST_BYTES = 8 << 30
_LOOK_S = 0.2
_LIVES = 2
"""How often a session is tried whose process died of something else than its limits."""


@dataclass(frozen=True, slots=True)
class Job:
    """A session to analyse.

    Parameters
    ----------
    source : Source
    out : str
        Path or URL of the results.
    options : mapping
        See `imuhip.batch.session.OPTIONS`.
    settings : str
        All that the results depend on but the input, as JSON.
    fingerprint : str
        Of the settings and the version.
    software_version : str
    sensor_files : mapping of name to text
        Calibrations of sensors, as `imuhip calibrate-sensor` wrote them.
    longest_s : float, s
    largest_memory_bytes : int
    """

    source: Source
    out: str
    options: Mapping[str, Any]
    settings: str
    fingerprint: str
    software_version: str
    sensor_files: Mapping[str, str]
    longest_s: float
    largest_memory_bytes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a session.

    Parameters
    ----------
    status : {"done", "finished before", "failed"}
    digest : str
        SHA-256 of the file; empty where it could not be had.
    code, message, hint : str
        Of the failure.
    seconds : float, s
    peak_bytes : int
        Most memory the analysis was seen to take.
    """

    source: Source
    status: Literal["done", "finished before", "failed"]
    digest: str = ""
    code: str = ""
    message: str = ""
    hint: str = ""
    grade: str | None = None
    seconds: float = 0.0
    peak_bytes: int = 0


def work(job: Job) -> Outcome:
    """Analyse a session and publish its rows; whatever is wrong with it is told, never raised."""
    begin_s = time.monotonic()
    outcome = Outcome(job.source, "failed")
    try:
        with tempfile.TemporaryDirectory(prefix="imuhip-", dir=_scratch()) as folder:
            outcome = _work(job, Path(folder))
    except ImuhipError as error:
        outcome = replace(outcome, code=error.code, message=error.message, hint=error.hint)
    except OSError as error:
        outcome = replace(
            outcome,
            code="E763",
            message=f"{job.source.name}: no scratch space on the worker: {error.strerror or error}",
            hint="free some space in the worker's folder for temporary files",
        )
    return replace(outcome, seconds=time.monotonic() - begin_s)


def _work(job: Job, folder: Path) -> Outcome:
    source, store = job.source, Store(job.out)
    local = fetch(source, folder, LARGEST_BYTES)
    digest = file_digest(local)
    if store.has(digest, job.fingerprint):
        return Outcome(source, "finished before", digest)
    rows = folder / "rows.parquet"
    asked = {
        "file": str(local),
        "out": str(rows),
        "options": dict(job.options),
        "stated": {
            "session": digest,
            "file": source.name,
            "settings": job.settings,
            "settings_sha256": job.fingerprint,
            "software_version": job.software_version,
        },
    }
    answer, peak = _ask(job, asked)
    outcome = Outcome(source, "failed", digest, peak_bytes=peak)
    if "code" in answer:
        return replace(outcome, code=answer["code"], message=answer["message"], hint=answer["hint"])
    store.publish(rows, digest, job.fingerprint)
    return replace(outcome, status="done", grade=answer["grade"])


def _scratch() -> str | None:
    """Return the folder Dask gives this worker, which is cleared when the worker is gone."""
    with suppress(ImportError, ValueError):
        from distributed import get_worker

        return str(get_worker().local_directory)
    return None


# -- the process that opens what strangers made ---------------------------------------------------

_here = threading.local()


def _ask(job: Job, asked: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the answer of this thread's child, and the most memory it took."""
    for life in range(_LIVES):
        child: _Child | None = getattr(_here, "child", None)
        if child is None or not child.fits(job):
            if child is not None:
                child.end()
            child = _here.child = _Child(job)
        try:
            return child.ask(asked, job), child.peak_bytes
        except _DiedError as died:
            _here.child = None
            if life == _LIVES - 1:
                raise RecordingError(
                    f"{job.source.name}: the process that analysed it died ({died})",
                    hint="is the file damaged? imuhip check FILE looks at it alone",
                    code="E766",
                ) from died
        except RecordingError:
            _here.child = None
            raise
    raise AssertionError("a life ends with an answer or an error")


class _DiedError(Exception):
    """The child is gone, and not by its limits."""


class _Child:
    """A process of `imuhip.batch.child`, with the limits and calibrations of a job."""

    def __init__(self, job: Job) -> None:
        self._for = (job.largest_memory_bytes, dict(job.sensor_files))
        self._data = tempfile.TemporaryDirectory(prefix="imuhip-", dir=_scratch())
        sensors = Path(self._data.name) / "calibration" / "sensors"
        sensors.mkdir(parents=True)
        for name, text in job.sensor_files.items():
            (sensors / Path(name).name).write_text(text, encoding="utf-8")
        one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "imuhip.batch.child", str(job.largest_memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                **one,
                "ARROW_DEFAULT_MEMORY_POOL": "system",
                "IMUHIP_DATA_DIR": self._data.name,
            },
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is the driver's to answer
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()
        self.peak_bytes = 0

    def fits(self, job: Job) -> bool:
        """Return whether it is alive and was made for such jobs."""
        return self._process.poll() is None and self._for == (
            job.largest_memory_bytes,
            dict(job.sensor_files),
        )

    def ask(self, asked: Mapping[str, Any], job: Job) -> dict[str, Any]:
        """Return the answer.

        Raises
        ------
        RecordingError
            When it took too long or too much memory; the process is ended then.
        _DiedError
            When the process ended by itself.
        """
        self.peak_bytes = 0
        self._send(asked)
        deadline_s = time.monotonic() + job.longest_s
        while True:
            try:
                line = self._lines.get(timeout=_LOOK_S)
            except queue.Empty:
                self._check(job, deadline_s)
                continue
            if line is None:
                self.end()
                raise _DiedError(_how_it_ended(self._process.returncode))
            self._look()
            answer: dict[str, Any] = json.loads(line)
            return answer

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._data.cleanup()

    def _send(self, asked: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        except OSError:
            self.end()
            raise _DiedError("before it was asked") from None

    def _read(self, stream: IO[str]) -> None:
        with suppress(ValueError, OSError):
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)

    def _look(self) -> int:
        """Return how much memory the process has now."""
        import psutil

        with suppress(psutil.Error):
            now = int(psutil.Process(self._process.pid).memory_info().rss)
            self.peak_bytes = max(self.peak_bytes, now)
            return now
        return 0

    def _check(self, job: Job, deadline_s: float) -> None:
        name, gigabytes = job.source.name, job.largest_memory_bytes / 1e9
        if self._look() > job.largest_memory_bytes:
            self.end()
            raise RecordingError(
                f"{name}: took more than {gigabytes:.1f} GB of memory",
                hint="allow more with --memory, or cut the recording",
                code="E765",
            )
        if time.monotonic() > deadline_s:
            self.end()
            raise RecordingError(
                f"{name}: not analysed within {job.longest_s:.0f} s",
                hint="allow longer with --time-limit, or cut the recording",
                code="E764",
            )


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}"
    return f"exit code {code}"
