"""A study with 40 sessions: how well measures repeat when 20 people walk on two days.

Sensors are taken off between the days. Recordings are made under the people's own codes, copied for
sharing without what tells whose they are, and analysed from the copies by a batch on all cores: one
dataset of Parquet files. From it come ICC, standard error and minimal detectable change of each
measure. ``imuhip deidentify`` and ``imuhip batch`` do the first two steps on the command line.

    python examples/study_of_forty.py --out study
"""

from __future__ import annotations

import argparse
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

import imuhip
from imuhip.assessment.reliability import Reliability, find_reliability
from imuhip.batch.run import run_batch
from imuhip.exchange.deidentified import deidentified_copy

FIRST_DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def record(own: Path, shared: Path, people: int, minutes: float) -> None:
    """Let people walk on two days, a week apart, and copy each recording for sharing."""
    own.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(32)  # of this study; keep it apart from the copies
    for person in range(people):
        for day in (0, 1):
            walk = imuhip.simulate(
                "walk", minutes, seed=100 + person, visit=day, restrapped=day > 0, turns=False,
                soft_tissue=1.0,
            )  # fmt: skip
            at = FIRST_DAY + timedelta(days=7 * day, minutes=20 * person)
            named = replace(walk, subject=f"anna-{person:02d}", start_time=at)
            copy = deidentified_copy(named.save(own / f"{person:02d}_{day}.h5"), shared, key=key)
    print(f"{2 * people} copies, each without:")
    for one in copy.removed:
        print(f"  {one.what}")


def repeats(results: Path) -> dict[tuple[str, str], Reliability]:
    """Return how well each measure repeats; both legs of a person count as two people would."""
    measures = pd.read_parquet(
        results,
        filters=[("record", "==", "measure"), ("test", "==", "gait")],
        columns=["session", "subject", "name", "side", "value", "unit"],
    )
    sessions = pd.read_parquet(
        results, filters=[("record", "==", "session")], columns=["session", "subject", "start_time"]
    )
    visit = sessions.sort_values("start_time").groupby("subject").cumcount().rename("visit")
    measures = measures.merge(sessions[["session"]].join(visit), on="session")
    measures["side"] = measures["side"].fillna("")
    found = {}
    for (name, unit), rows in measures.groupby(["name", "unit"], sort=False):
        table = rows.pivot(index=["subject", "side"], columns="visit", values="value")
        found[name, unit] = find_reliability(table.to_numpy(dtype=float))
    return found


def main(arguments: list[str] | None = None) -> dict[tuple[str, str], Reliability]:
    """Record, copy, analyse and judge."""
    parser = argparse.ArgumentParser(description="a study with 40 sessions")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=1.0, help="each walks")
    asked = parser.parse_args(arguments)
    shared, results = asked.out / "shared", asked.out / "results"

    record(asked.out / "own", shared, asked.people, asked.minutes)
    done = run_batch([str(shared)], str(results))
    print(f"{done.done} sessions analysed, {len(done.failures)} failed")
    for failure in done.failures:
        print(f"  {failure}")
    found = repeats(results)
    print(f"{'measure':<36}{'ICC':>6}{'SEM':>8}{'MDC95':>8}   unit")
    for (name, unit), one in found.items():
        print(f"{name:<36}{one.icc:>6.2f}{one.sem:>8.2f}{one.mdc95:>8.2f}   {unit}")
    return found


if __name__ == "__main__":
    main()
