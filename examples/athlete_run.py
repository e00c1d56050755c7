"""An athlete's run: what the pelvis and the hips do by the minute, and what it drifts to.

A simulated runner runs laps for ``--minutes``. Their numbers, both sides, the trend by the minute
and the strides as a table come out, with a page.

    python examples/athlete_run.py --out run
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import imuhip
from imuhip.report.page import write_report

SHOWN = ("hip_extension_peak_deg", "pelvis_drop_deg", "hip_rotation_range_deg", "stance_percent")


def main(arguments: list[str] | None = None) -> imuhip.Analysis:
    """Record, analyse, print and write."""
    parser = argparse.ArgumentParser(description="an athlete's run")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=3, help="which runner")
    parser.add_argument("--minutes", type=float, default=12.0)
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)

    made = imuhip.simulate("run", minutes=asked.minutes, seed=asked.seed, soft_tissue=1.0)
    started = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
    path = replace(made, subject="R003", start_time=started).save(asked.out / "run.h5")

    recording = imuhip.open(path)
    analysis = imuhip.analyze(recording)
    run = analysis.summary["gait"]["run"]
    cadence = run["cadence_steps_per_min"]
    print(f"{run['strides_used']} strides, {cadence['mean']:.0f} ± {cadence['uncertainty']:.1f}"
          " steps/min")  # fmt: skip
    for name in SHOWN:
        apart = run["asymmetry"][name]
        sides = [run["sides"][side][name] for side in ("left", "right")]
        told = " / ".join(f"{one['mean']:.1f} ± {one['uncertainty']:.1f}" for one in sides)
        more = "more than" if apart["beyond_uncertainty"] else "no more than"
        print(f"{name:<26} left / right {told}, {more} its uncertainty apart")
    for name, one in run["trend"].items():
        if isinstance(one, dict) and one.get("drifts"):
            print(f"drifts: {name} by {one['slope_per_min']:+.2f} a minute")
    if "missing" in run["trend"]:
        print(f"no trend: {run['trend']['missing']}")

    analysis.strides.to_csv(asked.out / "strides.csv", index=False)
    write_report(recording, analysis, asked.out / "run.html")
    print("written strides.csv and run.html")
    return analysis


if __name__ == "__main__":
    main()
