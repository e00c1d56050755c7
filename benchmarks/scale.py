"""How much imuhip does in a given time: one session, a folder of ten thousand, a batch of them.

One: a simulated walk of ten minutes, three sensors at 100 Hz, in a fresh process on one core; at
most 2 s for opening and analysing it, 3 s more for its page, 5 s more for its PDF are promised.
A column: results of an hour are stored beside its recording, and one angle is read in a fresh
process; 0.3 s are promised. A folder: ``imuhip sessions`` over short files of different people;
60 s for the first listing and 1 s for the next are promised. A batch: sessions of ten minutes on a
local Dask cluster, with one worker, with two, and with two of which one is killed in the middle;
two do at least 1.8 times the work of one, a worker and the process that analyses for it take at
most 1 GB together, and the kill loses nothing.

The sessions of a batch are those of a few simulated people, each copied under many codes: other
bytes, so other sessions, and the same work. What a hundred thousand would take is reckoned at the
end from what was measured, with prices that are assumed and printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks._document import Printed, add_write
from benchmarks._scale_batch import Ran, ran, scheduler_tasks_per_s
from benchmarks._scale_files import (
    another_person,
    one_core,
    short_session,
    simulated_sessions,
)
from benchmarks._scale_one import column_times, session_times

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
PROMISED_S = {"analyze": 2.0, "html": 3.0, "pdf": 5.0}
COLUMN_S = 0.3
FIRST_S, NEXT_S = 60.0, 1.0
SPEED_UP, WORKER_BYTES = 1.8, 1e9
MANY = 100_000
CORE_HOUR, GB_MONTH = 0.05, 0.023
"""Prices assumed, in dollars: of a core rented for an hour, of a gigabyte stored for a month."""

_ENTRY = "from imuhip.cli.main import run; run()"


def _load() -> str:
    """Return how many processes wanted a core before this began, where the system tells."""
    if not hasattr(os, "getloadavg"):
        return ""
    return f"; {os.getloadavg()[0]:.1f} other processes at work in the minute before"


def _verdict(kept: bool) -> str:
    return "kept" if kept else "NOT KEPT"


def _say_one(say: Printed, path: Path) -> bool:
    with one_core():
        times = session_times(path)
    say()
    say(f"one session of {path.stat().st_size / 1e6:.1f} MB in a fresh process on one core")
    say(f"  {'imports, once in a process':<34}{times['imports']:>8.2f} s"
        f" ({times['imports_cpu']:.2f} of the processor)")  # fmt: skip
    kept = True
    titles = {"analyze": "open and analyse", "html": "HTML page more", "pdf": "PDF more"}
    for name, promised in PROMISED_S.items():
        taken = times[name]
        if taken is None:
            say(f"  {titles[name]:<34}       -    its typesetter is not installed")
            continue
        kept &= taken <= promised
        say(f"  {titles[name]:<34}{taken:>8.2f} s ({times[f'{name}_cpu']:.2f} of the processor)"
            f"   promised {promised:g} s: {_verdict(taken <= promised)}")  # fmt: skip
    return kept


def _say_column(say: Printed, folder: Path, minutes: float) -> bool:
    (path,) = simulated_sessions(folder / "hour", minutes, [5])
    _imuhip("recompute", path)
    results = path.with_name(f"{path.stem}.results.hdf5")
    times = column_times(path)
    column_s = times["column"] or 0.0
    kept = column_s <= COLUMN_S
    say()
    say(f"results of {minutes:g} min beside their recording: {results.stat().st_size / 1e6:.1f} MB")
    say(f"  {'open and read one angle':<34}{column_s:>8.3f} s   promised {COLUMN_S:g} s:"
        f" {_verdict(kept)}")  # fmt: skip
    say(f"  {'open the recording, all samples':<34}{times['samples']:>8.3f} s")
    return kept


def _imuhip(*arguments: object, cache: Path | None = None) -> tuple[float, float]:
    """Run the command in a process of its own; return seconds on the wall and of processors."""
    environment = {**os.environ, **({"IMUHIP_CACHE_DIR": str(cache)} if cache else {})}
    command = [sys.executable, "-c", _ENTRY, *map(str, arguments)]
    begin_s, before = time.perf_counter(), os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = os.times()
    used_s = sum(after[2:4]) - sum(before[2:4])  # of processes that ended, and theirs
    return time.perf_counter() - begin_s, used_s


def _say_sessions(say: Printed, folder: Path, n_files: int) -> bool:
    study = folder / "sessions"
    good = short_session(folder / "short.h5")
    for number in range(n_files):
        another_person(good, study / f"{number // 500:03d}" / f"{number}.h5", number)
    times = [_imuhip("sessions", study, cache=folder / "cache") for _ in range(2)]
    another_person(good, study / "one_more.h5", n_files)
    times.append(_imuhip("sessions", study, cache=folder / "cache"))
    say()
    say(f"imuhip sessions over {n_files} files of {good.stat().st_size / 1e3:.0f} kB")
    kept = True
    rows = (("first listing", FIRST_S), ("next listing", NEXT_S), ("with one new file", NEXT_S))
    for (title, promised), (taken, used) in zip(rows, times, strict=True):
        kept &= taken <= promised
        say(f"  {title:<34}{taken:>8.2f} s ({used:.2f} of processors)   promised {promised:g} s:"
            f" {_verdict(taken <= promised)}")  # fmt: skip
    return kept


def _say_batch(say: Printed, folder: Path, good: list[Path], options: argparse.Namespace) -> bool:
    n, one_n = options.sessions, min(options.sessions, options.one_worker)
    files = []
    for number in range(n):
        files.append(folder / "batch" / f"{number:06d}.h5")
        another_person(good[number % len(good)], files[-1], number)
    one = ran(files[:one_n], folder / "one", 1)
    two = ran(files, folder / "two", 2)
    cut = ran(files[: min(n, options.killed)], folder / "killed", 2, kill_at=options.killed // 3)
    ratio = two.rate_per_s / one.rate_per_s
    peak = max(one.worker_bytes, two.worker_bytes, cut.worker_bytes)
    whole = [_is_whole(folder / name, r) for name, r in (("one", one), ("two", two))]
    lost_nothing = cut.killed == 1 and _is_whole(folder / "killed", cut)
    say()
    say(f"sessions of {options.minutes:g} min, {files[0].stat().st_size / 1e6:.1f} MB each, of"
        f" {len(good)} people under {n} codes, on a local Dask cluster")  # fmt: skip
    for title, found in (("1 worker", one), ("2 workers", two), ("2 workers, one killed", cut)):
        say(f"  {title:<24}{found.batch.total:>6} sessions{found.rate_per_s:>8.3f} a second,"
            f" {len(found.batch.failures)} failed")  # fmt: skip
    say(f"  {'2 workers against 1':<34}{ratio:>8.2f} x   promised {SPEED_UP:g} x:"
        f" {_verdict(ratio >= SPEED_UP)}")  # fmt: skip
    say(f"  {'most memory of a worker':<34}{peak / 1e9:>8.2f} GB  promised"
        f" {WORKER_BYTES / 1e9:g} GB: {_verdict(peak <= WORKER_BYTES)}")  # fmt: skip
    say(f"  {'a worker killed in the middle':<34}{'nothing' if lost_nothing else 'SOMETHING':>8}"
        f" lost, no session twice: {_verdict(lost_nothing and all(whole))}")  # fmt: skip
    _say_many(say, two, folder / "two", files[0].stat().st_size)
    return ratio >= SPEED_UP and peak <= WORKER_BYTES and lost_nothing and all(whole)


def _is_whole(out: Path, found: Ran) -> bool:
    """Return whether every session is in the dataset, once."""
    rows = pd.read_parquet(out, columns=["session"], filters=[("record", "==", "session")])
    unique = rows["session"].nunique()
    return not found.batch.failures and len(rows) == unique == found.batch.total


def _say_many(say: Printed, two: Ran, out: Path, input_bytes: int) -> None:
    parts = [path.stat().st_size for path in out.rglob("*.parquet")]
    output = sum(parts) / len(parts)
    core_s = 2.0 / two.rate_per_s
    hours = MANY * core_s / 3600.0
    tasks = scheduler_tasks_per_s()
    index = (out / "_inputs.json").stat().st_size / two.batch.total
    stored = MANY * (input_bytes + output) / 1e9
    say()
    say(f"{MANY} such sessions, reckoned from that")
    say(f"  {'a session takes':<34}{core_s:>8.2f} worker seconds")
    say(f"  {'all of them':<34}{hours:>8.1f} worker hours: {hours / 2:.1f} h with 2 workers,"
        f" {hours / 100:.2f} h with 100")  # fmt: skip
    say(f"  {'recordings':<34}{MANY * input_bytes / 1e9:>8.0f} GB")
    say(f"  {'results':<34}{MANY * output / 1e9:>8.1f} GB, {output / 1e3:.0f} kB a session in"
        f" {MANY} files")  # fmt: skip
    say(f"  {'computing':<34}{hours * CORE_HOUR:>8.2f} $ at {CORE_HOUR:g} $ a core hour (assumed)")
    say(f"  {'keeping both':<34}{stored * GB_MONTH:>8.2f} $ a month at {GB_MONTH:g} $ a GB"
        " (assumed)")  # fmt: skip
    say(f"  {'index of what is finished':<34}{MANY * index / 1e6:>8.0f} MB, read at every start")
    say(f"  {'empty tasks through one scheduler':<34}{tasks:>8.0f} a second: more than"
        f" {tasks * core_s:.0f} workers would wait for it")  # fmt: skip


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sessions", type=int, default=60, help="of the batch (default 60)")
    parser.add_argument(
        "--one-worker", type=int, default=60, help="of them with one worker, at most (default 60)"
    )
    parser.add_argument(
        "--killed", type=int, default=30, help="of them where one is killed (default 30)"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of a session (default 10)")
    parser.add_argument("--people", type=int, default=4, help="simulated (default 4)")
    parser.add_argument("--files", type=int, default=10_000, help="to list (default 10000)")
    parser.add_argument("--hour", type=float, default=60.0, help="minutes of the hour (default 60)")
    parser.add_argument(
        "--only", nargs="+", choices=("one", "column", "sessions", "batch"), help="parts to run"
    )
    add_write(parser)
    parser.set_defaults(document=DOCUMENT)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print the tables; return 1 when a promise is not kept."""
    options = _arguments(arguments)
    say = Printed("scale", arguments)
    wanted = options.only or ("one", "column", "sessions", "batch")
    say(f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}{_load()}")  # fmt: skip
    kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people = range(11, 11 + options.people)
        good = simulated_sessions(folder / "people", options.minutes, list(people))
        if "one" in wanted:
            kept &= _say_one(say, good[0])
        if "column" in wanted:
            kept &= _say_column(say, folder, options.hour)
        if "sessions" in wanted:
            kept &= _say_sessions(say, folder, options.files)
        if "batch" in wanted:
            kept &= _say_batch(say, folder, good, options)
    if options.write:
        say.write(options.document)
    return 0 if kept else 1
