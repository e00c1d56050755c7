"""A batch, from top to bottom: what is there, what is done, the rest on workers, the indices."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imuhip
from imuhip.batch.cluster import connected, missing_package
from imuhip.batch.columns import described
from imuhip.batch.places import Source, find_sources
from imuhip.batch.session import OPTIONS
from imuhip.batch.store import ABOUT, FAILURES, INPUTS, Store
from imuhip.batch.worker import Job, Outcome
from imuhip.errors import ConfigError

__all__ = ["Batch", "Failure", "Watch", "fingerprint_of", "run_batch"]

_INDEX_S = 30.0
_INDEX_SHARE = 20.0
"""Indices are written again when this many times of what writing them took has passed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A session without results, and why."""

    file: str
    code: str
    message: str
    hint: str


@dataclass
class Batch:
    """What became of a batch so far.

    Parameters
    ----------
    out : str
    total : int
        Files found.
    done, finished_before : int
        Analysed now; skipped because their results are there.
    replaced : int
        Results of another version or other settings that stood there in the beginning.
    failures : list of Failure
    duplicates : list of (file, file)
        Files whose content another one has too; it is one session.
    seconds : float, s
    peak_bytes : int
        Most memory an analysis took.
    """

    out: str
    total: int = 0
    done: int = 0
    finished_before: int = 0
    replaced: int = 0
    failures: list[Failure] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def ended(self) -> int:
        """Return how many files need nothing more."""
        return self.done + self.finished_before + len(self.failures)


@dataclass(frozen=True)
class Watch:
    """Who is told what happens: of the workers' dashboard, and of the batch after each session."""

    dashboard: Callable[[str], None] = lambda _link: None
    progress: Callable[[Batch], None] = lambda _batch: None


def fingerprint_of(options: Mapping[str, Any], sensor_files: Mapping[str, str]) -> tuple[str, str]:
    """Return all that results depend on but the input, as JSON, and its checksum.

    The checksum names the version too. Sensors' calibrations are in by their checksums.
    """
    sensors = {
        name: hashlib.sha256(text.encode()).hexdigest()[:12]
        for name, text in sorted(sensor_files.items())
    }
    settings = json.dumps({**options, "sensor_files": sensors}, sort_keys=True)
    whole = f"{imuhip.__version__} {settings}"
    return settings, hashlib.sha256(whole.encode()).hexdigest()[:12]


def run_batch(
    places: Sequence[str],
    out: str,
    *,
    options: Mapping[str, Any] | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    longest_s: float = 600.0,
    largest_memory_bytes: int = 3 * 10**9,
    watch: Watch | None = None,
) -> Batch:
    """Analyse every session at `places` whose results are not at `out` yet.

    Whatever ends this early, what is finished stays, and the same call goes on from there.

    Parameters
    ----------
    places : sequence of str
        See `imuhip.batch.places.find_sources`.
    out : str
        Folder or URL of the dataset.
    options : mapping, optional
        Keywords of `imuhip.analyze`; see `imuhip.batch.session.OPTIONS`.
    scheduler, workers
        See `imuhip.batch.cluster.connected`.
    longest_s : float, s
        For one session.
    largest_memory_bytes : int
        For one session.
    watch : Watch, optional

    Raises
    ------
    ConfigError
        When there is nothing to analyse, or a package, the scheduler or an option is at fault.
    DiskError
        When results cannot be written.
    """
    missing = missing_package()
    if missing is not None:
        raise missing
    watch = watch or Watch()
    chosen = _checked({**OPTIONS, **(options or {})})
    sensor_files = _sensor_files()
    settings, fingerprint = fingerprint_of(chosen, sensor_files)
    sources, store = find_sources(places), Store(out)
    store.check_writable()
    ledger = _Ledger(store, fingerprint, len(sources))
    jobs = [
        Job(
            source,
            out,
            chosen,
            settings,
            fingerprint,
            imuhip.__version__,
            sensor_files,
            longest_s,
            largest_memory_bytes,
        )
        for source in sources
        if not ledger.is_finished(source)
    ]
    store.write_json(
        ABOUT,
        {
            "written_by": f"imuhip {imuhip.__version__}",
            "settings": json.loads(settings),
            "settings_sha256": fingerprint,
            "columns": described(),
        },
    )
    try:
        watch.progress(ledger.batch)
        for outcome in _outcomes(jobs, scheduler, workers, watch):
            ledger.note(outcome)
            watch.progress(ledger.batch)
    finally:
        ledger.write()
    return ledger.batch


def _outcomes(
    jobs: Sequence[Job], scheduler: str | None, workers: int | None, watch: Watch
) -> Iterator[Outcome]:
    if not jobs:
        return
    with connected(scheduler, workers and min(workers, len(jobs))) as cluster:
        watch.dashboard(cluster.dashboard)
        yield from cluster.outcomes(jobs)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """Refuse what every session would fail of."""
    from imuhip.fusion.filters import FILTERS

    name = options["orientation_filter"]
    if name not in FILTERS:
        raise ConfigError(
            f"orientation filter {name!r} is not known",
            hint=f"Use one of {', '.join(FILTERS)}.",
            code="E110",
        )
    if options["place"] is not None:
        options["place"] = list(options["place"])
    return options


def _sensor_files() -> dict[str, str]:
    """Return the calibrations of this computer's user, which workers elsewhere do not have."""
    from imuhip.calibration.intrinsics_file import user_sensor_folder

    folder: Path = user_sensor_folder()
    if not folder.is_dir():
        return {}
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.toml"))}


class _Ledger:
    """What became of each file, kept beside the dataset so that the next run reads no file twice.

    Parameters
    ----------
    store : Store
    fingerprint : str
    total : int
    """

    def __init__(self, store: Store, fingerprint: str, total: int) -> None:
        self._store, self._fingerprint = store, fingerprint
        self._begin_s = time.monotonic()
        self._written_s, self._writing_s = self._begin_s, 0.0
        self._results = store.finished()
        known = store.read_json(INPUTS)
        self._known: dict[str, Any] = known if isinstance(known, dict) else {}
        self._first: dict[str, str] = {}
        older = sum(1 for found in self._results.values() if found != fingerprint)
        self.batch = Batch(store.place, total, replaced=older)

    def is_finished(self, source: Source) -> bool:
        """Return whether results of this very file are there, and count it if so."""
        seen = self._known.get(source.url)
        if not isinstance(seen, dict) or not source.stamp:
            return False
        digest = str(seen.get("sha256", ""))
        same = (seen.get("bytes"), seen.get("stamp")) == (source.size_bytes, source.stamp)
        if not same or self._results.get(digest) != self._fingerprint:
            return False
        self.batch.finished_before += 1
        self._tell_apart(source, digest)
        return True

    def note(self, outcome: Outcome) -> None:
        """Count what became of a file."""
        source, batch = outcome.source, self.batch
        batch.peak_bytes = max(batch.peak_bytes, outcome.peak_bytes)
        if outcome.status == "failed":
            batch.failures.append(Failure(source.name, outcome.code, outcome.message, outcome.hint))
        elif outcome.status == "done":
            batch.done += 1
        else:
            batch.finished_before += 1
        if outcome.digest:
            self._forget_what_it_was(source, outcome.digest)
            self._tell_apart(source, outcome.digest)
            self._known[source.url] = {
                "bytes": source.size_bytes,
                "stamp": source.stamp,
                "sha256": outcome.digest,
            }
        wait_s = max(_INDEX_S, _INDEX_SHARE * self._writing_s)
        if time.monotonic() - self._written_s > wait_s:
            self.write()

    def write(self) -> None:
        """Write what became of the files, and the index of failures."""
        begin_s = time.monotonic()
        batch = self.batch
        batch.seconds = begin_s - self._begin_s
        self._store.write_json(INPUTS, self._known)
        failures = sorted(batch.failures, key=lambda one: one.file)
        self._store.write_json(
            FAILURES,
            [
                {"file": f.file, "code": f.code, "reason": f.message, "hint": f.hint}
                for f in failures
            ],
        )
        self._written_s = time.monotonic()
        self._writing_s = self._written_s - begin_s

    def _forget_what_it_was(self, source: Source, digest: str) -> None:
        """Remove results of what the file held before: a tag makes another file of a session.

        Those stay that another file has, too.
        """
        before = self._known.get(source.url)
        was = str(before.get("sha256", "")) if isinstance(before, dict) else ""
        if not was or was == digest or was not in self._results:
            return
        others = (one for url, one in self._known.items() if url != source.url)
        if not any(isinstance(one, dict) and one.get("sha256") == was for one in others):
            self._store.remove(was)

    def _tell_apart(self, source: Source, digest: str) -> None:
        first = self._first.setdefault(digest, source.name)
        if first != source.name:
            self.batch.duplicates.append((source.name, first))
