"""A study with 40 sessions: how well measures repeat when 20 people walk on two days.

Sensors are taken off between the days. Recordings are made under the people's own codes, copied for
sharing without what tells whose they are, and analysed from the copies: ICC, standard error and the
minimal detectable change of each measure, and the table of all measures. Hundreds of sessions go
through ``imuhip batch``, which makes the same table on all cores; ``imuhip repeats`` prints the
same reliability.

    python examples/study_of_forty.py --out study
"""

from __future__ import annotations

import argparse
import secrets
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

import imuhip
from imuhip.analysis.compare import measured
from imuhip.analysis.repeats import Repeats, find_repeats
from imuhip.exchange.deidentified import deidentified_copy

FIRST_DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def main(arguments: list[str] | None = None) -> Repeats:
    """Make, copy, analyse and judge."""
    parser = argparse.ArgumentParser(description="a study with 40 sessions")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=1.0, help="each walks")
    asked = parser.parse_args(arguments)
    own, shared = asked.out / "own", asked.out / "shared"
    own.mkdir(parents=True, exist_ok=True)

    key = secrets.token_bytes(32)  # of this study; keep it apart from the copies
    for person in range(asked.people):
        for day in (0, 1):
            walk = imuhip.simulate(
                "walk", asked.minutes, seed=100 + person, visit=day, restrapped=day > 0,
                turns=False, soft_tissue=1.0,
            )  # fmt: skip
            at = FIRST_DAY + timedelta(days=7 * day, minutes=20 * person)
            named = replace(walk, subject=f"anna-{person:02d}", start_time=at)
            copy = deidentified_copy(named.save(own / f"{person:02d}_{day}.h5"), shared, key=key)
    print(f"{2 * asked.people} copies, each without: "
          + ", ".join(one.what for one in copy.removed))  # fmt: skip

    people: dict[str, list[imuhip.Recording]] = defaultdict(list)
    rows = []
    for path in sorted(shared.glob("*.h5")):
        recording = imuhip.open(path)
        people[recording.subject or ""].append(recording)
        rows += [{"file": path.name, **m.as_dict()} for m in measured(recording).measures]
    for visits in people.values():
        visits.sort(key=lambda one: one.start_time or FIRST_DAY)
    pd.DataFrame(rows).drop(columns="per_repetition").to_csv(
        asked.out / "measures.csv", index=False
    )

    found = find_repeats(people, "again")
    print(f"{'measure':<36}{'ICC':>6}{'SEM':>8}{'MDC95':>8}   unit")
    for (_, name), (unit, one) in found.found.items():
        print(f"{name:<36}{one.icc:>6.2f}{one.sem:>8.2f}{one.mdc95:>8.2f}   {unit}")
    print("written measures.csv")
    return found


if __name__ == "__main__":
    main()
