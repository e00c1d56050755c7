"""A batch, from top to bottom: what is there, what is done, the rest on workers, the indices."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imuhip
from imuhip.batch.cluster import connected, missing_package
from imuhip.batch.columns import described
from imuhip.batch.ledger import Batch, Failure, Ledger
from imuhip.batch.places import find_sources
from imuhip.batch.session import OPTIONS
from imuhip.batch.store import ABOUT, Store
from imuhip.batch.worker import Job, Outcome
from imuhip.errors import ConfigError

__all__ = ["Batch", "Failure", "Watch", "fingerprint_of", "run_batch"]


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
    ledger = Ledger(store, fingerprint, len(sources))
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
