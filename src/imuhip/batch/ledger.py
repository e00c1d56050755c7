"""What became of each file of a batch: counted, told apart, and written beside the dataset."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from imuhip.batch.places import Source
from imuhip.batch.store import FAILURES, INPUTS, Store
from imuhip.batch.worker import Outcome

__all__ = ["Batch", "Failure", "Ledger"]

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


class Ledger:
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
